"""Train a network by a recipe, into a run folder that can be gone on with."""

from pathlib import Path

from tomoseg_tf.backend import EnoughMemory, load_keras, load_tensorflow
from tomoseg_tf.models.summary import num_sides
from tomoseg_tf.prediction.slice_graph import slice_graph
from tomoseg_tf.records import named_shards, open_records
from tomoseg_tf.training.arguments import check_sides, network_arguments
from tomoseg_tf.training.batches import training_data, validation_data
from tomoseg_tf.training.best import weights_config
from tomoseg_tf.training.callbacks import SCORES, Epochs
from tomoseg_tf.training.checkpoint import restore_state, take_state, write_state
from tomoseg_tf.training.devices import choose_devices, distribution
from tomoseg_tf.training.filters import check_filters, filters_notice
from tomoseg_tf.training.fingerprint import records_fingerprint
from tomoseg_tf.training.network import (
    compile_network,
    compiled_network,
    find_class_weights,
    freeze_batch_norm,
)
from tomoseg_tf.training.run import RunFolder, run_manifest
from tomoseg_tf.training.schedule import best_epoch, ends_stage, freezes_batch_norm, is_finished
from tomoseg_tf.training.tensorboard import EventLog
from tomoseg_tf.training.waiting import Waiting
from tomoseg_tf.volume import check_apart, single_writer
from tomoseg_tf.weights import card, save_weights

keras = load_keras()

TOO_LARGE = (
    "a batch does not fit into the memory; lower batches.batch_size, "
    "batches.validation_batch_size or batches.crop, or write the records in smaller patches"
)


def train(
    recipe,
    records_folder,
    run_folder,
    *,
    overwrite=False,
    devices=None,
    notify=None,
    report=None,
    progress=None,
):
    """Train a network by a recipe, or go on with a run that was interrupted.

    The run folder holds ``recipe.yaml``, ``manifest.json``, ``history.csv``,
    TensorBoard ``logs``, the weights folders ``best_loss``, ``best_accuracy`` and
    ``best_dice``, and in ``last`` the state to go on from. It is kept epoch by
    epoch; a run killed at any moment loses at most one. A finished one has the weights
    of the last epoch in ``final``.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    records_folder : str or Path
        Records with a training and a validation split.
    run_folder : str or Path
        A new folder, or that of an unfinished run of the same recipe and records.
    overwrite : bool
        Whether a finished run, or one of another recipe or other records, is replaced; an
        unfinished one of the same is gone on with.
    devices : sequence of str, optional
        TensorFlow devices that share each batch; all GPUs by default.
    notify : callable, optional
        ``notify(text)`` is called with notices, such as the epoch gone on from.
    report : callable, optional
        ``report(row)`` is called with the scores of each epoch.
    progress : callable, optional
        ``progress(done, total)`` is called after each step.

    Returns
    -------
    dict
        ``epochs``, and for ``loss``, ``accuracy`` and ``dice`` a dictionary with
        ``epoch``, ``value`` and ``weights`` of the best epoch on the validation
        split; None for a score that never was a number. ``final`` is the folder of the
        weights of the last epoch.

    Raises
    ------
    ValueError
        If the recipe does not suit the records, the run folder is another
        run's, finished, in use by another process, or would be replaced although
        it holds the records or the weights to start from, a batch does not fit
        into the memory, or the loss is no number any more.
    """
    with single_writer(run_folder) as warning:
        if warning and notify is not None:
            notify(warning)
        return _train(
            recipe,
            Path(records_folder),
            RunFolder(run_folder),
            overwrite=overwrite,
            devices=devices,
            notify=notify,
            report=report,
            progress=progress,
        )


def _train(recipe, records_folder, run, *, overwrite, devices, notify, report, progress):
    """Train as the only process in the run folder; the arguments are those of `train`."""
    _keep_gpus_for_the_backend()
    records = open_records(records_folder)
    arguments, class_weights = check_training(recipe, records)
    validated_on = records.seen_patches("validation", recipe.normalisation.outside)
    devices = choose_devices(recipe, devices, len(validated_on))
    manifest = run_manifest(records, records_folder, recipe, devices)
    state = run.find_state(manifest, recipe, overwrite=overwrite)
    if state is None:  # what is in the folder goes
        check_apart([run.folder], [records_folder, recipe.model.weights, recipe.model.encoder])
    history = [] if state is None else state.history
    batches = training_data(recipe, records, len(history))
    with distribution(devices):
        said = notify if state is None else None  # once, when the run begins
        frozen = freezes_batch_norm(history[:-1], recipe)  # as the state was left
        settings = {"start": state is None, "frozen": frozen, "notify": said}
        model = compiled_network(recipe, arguments, records.classes, class_weights, **settings)
        if state is not None:
            restore_state(state, model)
    if said is not None and (text := filters_notice(recipe, records)):
        said(text)
    sides = _validation_sides(model, records.patch)
    validation = validation_data(recipe, records, devices, sides)
    with named_shards(records):
        fingerprint = records_fingerprint(records, recipe.normalisation)
    if state is None:
        run.begin(manifest, recipe)
    elif notify is not None:
        notify(f"Going on after epoch {len(history)} of {recipe.schedule.epochs} in {run.folder}")
    run.clean()

    def save(folder, row):
        config = weights_config(recipe, arguments, records, row, fingerprint=fingerprint)
        save_weights(folder, model, config, card=card(config), overwrite=True)

    epochs = Epochs(recipe, run, history, save=save, report=report, progress=progress)
    if history:
        epochs.set_model(model)
        epochs.publish()

    def freeze():
        with distribution(devices):
            freeze_batch_norm(model)
            compile_network(model, recipe, records.classes, class_weights)
        return training_data(recipe, records, len(history))

    with named_shards(records), EnoughMemory(TOO_LARGE):
        notice = _fit(model, epochs, batches, validation, freeze)
    if notice and notify is not None:
        notify(notice)
    save(run.final, history[-1])
    write_state(run.state, take_state(model, history, finished=True))
    return _summary(history, run)


def _fit(model, epochs, batches, validation, freeze):
    """Fit what is left of a run: until `freeze` changes the network and its batches, and after.

    Return a notice if the device had to wait for its batches.
    """
    history, recipe, waiting = epochs.history, epochs.recipe, Waiting()

    def fit_stage(dataset, steps):
        model.fit(
            waiting.watch(dataset),
            epochs=recipe.schedule.epochs,
            initial_epoch=len(history),
            steps_per_epoch=steps,
            validation_data=validation,
            callbacks=[epochs, waiting],
            shuffle=False,
            verbose=0,
        )

    if is_finished(history, recipe):
        return None
    with EventLog(epochs.run.logs) as epochs.log:
        if not ends_stage(history, recipe):
            fit_stage(*batches)
        if not is_finished(history, recipe):
            fit_stage(*freeze())
    return waiting.notice()


def _keep_gpus_for_the_backend():
    """Keep TensorFlow, when it only feeds another backend, off the GPU's memory."""
    if keras.backend.backend() != "tensorflow":
        load_tensorflow().config.set_visible_devices([], "GPU")


def check_training(recipe, records):
    """Check that a recipe suits the records, before anything is replaced.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    records : Records
        The opened records.

    Returns
    -------
    dict
        Keyword arguments of the builder.
    list of float or None
        Weight of each class in the loss.

    Raises
    ------
    ValueError
        If it does not.
    """
    for split in ("training", "validation"):
        if not records.count(split):
            raise ValueError(
                f"the records have no {split} patches; write them again with a {split} share"
            )
    seen = records.voxels("validation", recipe.normalisation.outside)
    if recipe.monitor == "dice" and not sum(seen[1:-1]):
        raise ValueError(
            "monitor is 'dice', but the validation patches hold no voxel of any class above the "
            "background; write the records with another split, or monitor the loss"
        )
    check_filters(recipe, records)
    model = recipe.model
    if model.freeze_encoder and model.weights is None and model.encoder is None:
        raise ValueError(
            "model.freeze_encoder is true, but the encoder starts at random and would stay so; set "
            "model.weights or model.encoder to what it is to be, or freeze_encoder to false"
        )
    crop = recipe.batches.crop or records.patch
    arguments = network_arguments(recipe, records.num_classes, crop)
    if any(side > full for side, full in zip(crop, records.patch, strict=True)):
        raise ValueError(
            f"batches.crop is {list(crop)}, larger than the patches of the records, "
            f"{list(records.patch)}; write them with a larger --patch, or set a smaller crop with "
            "--set batches.crop=[Z,Y,X]"
        )
    sides = {"the crop": crop}
    if num_sides(recipe.model.name) == 3:  # slices are padded where the network needs it
        sides["the patch of the records"] = records.patch
    check_sides(recipe.model.name, arguments, sides)
    for source in records.sources:  # the fingerprint goes by the volumes, whatever training does
        statistics = source.seen(recipe.normalisation.outside)
        try:
            recipe.normalisation.intensity(statistics)
        except ValueError as error:
            raise ValueError(f"{source.volume}: {error}") from None
    return arguments, find_class_weights(recipe, records)


def _validation_sides(model, patch):
    """Sides of what a network is validated on; those of slices as prediction pads them."""
    sides = model.input_shape[1:-1]
    if len(sides) == 3 or None not in sides:
        return sides
    graph = slice_graph(model)
    return tuple(graph.padded_side(side) for side in patch[1:])


def _summary(history, run):
    """Sum a finished run up."""
    summary = {"epochs": len(history)}
    for score in SCORES:
        best = best_epoch(history, f"val_{score}")
        summary[score] = None
        if best is not None:
            value = history[best][f"val_{score}"]
            weights = str(run.best(score))
            summary[score] = {"epoch": best + 1, "value": value, "weights": weights}
    return {**summary, "final": str(run.final)}
