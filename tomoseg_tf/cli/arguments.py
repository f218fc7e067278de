"""Options whose value is a JSON object."""

import json

import click


class JsonObject(click.ParamType):
    """A JSON object, such as ``{"levels": 3}``."""

    name = "json"

    def convert(self, value, param, ctx):
        """Turn the text into a dict."""
        if isinstance(value, dict):
            return value
        try:
            parsed = json.loads(value)
        except ValueError as error:
            self.fail(f"{value!r} is not JSON: {error}", param, ctx)
        if not isinstance(parsed, dict):
            self.fail(f'{value!r} is not a JSON object such as {{"levels": 3}}', param, ctx)
        return parsed
