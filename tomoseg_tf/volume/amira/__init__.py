"""AmiraMesh, the format of Amira and Avizo: label fields and scans."""
