"""Which tests are a file's own: its mutants run these, and the examples in its own docstrings, and no others."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LONG = (
    *("long_chain", "several_automatic_tapes", "micrograds_demo", "longer_than_a_tape"),
    *("passes_in_both_modes_and_orders", "when_its_partials_are_scaled"),
)
ELSEWHERE = (
    *("training_on_iris_prints", "reader_that_has_gone", "streams_that_do_not_know_a", "not_lost_with_a_stream"),
    *("what_draws_is_imported_when", "the_command_serves_until", "the_command_says_what_does"),
)
LEFT_OUT = (*LONG, *ELSEWHERE)
"""Parts of the names of tests that are left out: each takes seconds, to see that long tapes need no recursion, or that
gradcheck is right about every row of the table; or it starts a process of its own, which imports the file as it is and
so never meets a mutant."""

THREADED = {"autograd/replay/jax.py": "jax"}
"""Files whose tests start threads, so that a process that has collected them cannot be forked; and what starts them."""

LAWS: dict[str, str] = {  # file -> what follows tests/test_ in the names of its tests' files
    "autograd/check.py": "check",
    "autograd/cli.py": "cli",
    "autograd/copies.py": "copies replay_functions",
    "autograd/diagnosis.py": "diagnosis",
    "autograd/differences.py": "differences check",
    "autograd/dual.py": "transforms value",
    "autograd/errors.py": "errors",
    "autograd/expressions.py": "expressions",
    "autograd/kernels.py": "primitives accuracy",
    "autograd/lifting.py": "transforms tape replay_functions",
    "autograd/linear.py": "fast_paths transforms",
    "autograd/listing.py": "show scope_walk stepper",
    "autograd/naming.py": "naming",
    "autograd/operators.py": "value package arrays recording fast_paths",
    "autograd/primitives.py": "primitives own_rows arrays accuracy",
    "autograd/provenance.py": "recording diagnosis",
    "autograd/pruning.py": "pruning recording",
    "autograd/recording.py": "recording tape copies",
    "autograd/strategies.py": "strategies",
    "autograd/structures.py": "transforms differences",
    "autograd/symbolic.py": "symbolic",
    "autograd/tape.py": "tape value recording fast_paths copies transforms",
    "autograd/transforms.py": "transforms",
    "autograd/value.py": "value fast_paths recording copies arrays replay_functions",
    "autograd/replay/arguments.py": "replay_functions",
    "autograd/replay/arrays.py": "replay_steps",
    "autograd/replay/faults.py": "replay_faults",
    "autograd/replay/forms.py": "replay replay_forms replay_steps",
    "autograd/replay/forward.py": "replay replay_graphs replay_steps",
    "autograd/replay/functions.py": "replay_functions",
    "autograd/replay/guards.py": "replay replay_guards replay_steps replay_source",
    "autograd/replay/inputs.py": "replay_steps",
    "autograd/replay/jax.py": "replay_jax",
    "autograd/replay/levels.py": "replay replay_graphs replay_levels replay_steps",
    "autograd/replay/paths.py": "replay_functions",
    "autograd/replay/program.py": "replay replay_faults replay_programs replay_steps replay_workspace",
    "autograd/replay/reverse.py": "replay replay_graphs replay_programs replay_steps replay_workspace",
    "autograd/replay/rows.py": "replay_rows",
    "autograd/replay/slopes.py": "replay_slopes",
    "autograd/replay/source.py": "replay_source",
    "autograd/replay/workspace.py": "replay replay_graphs replay_steps replay_workspace",
    "autograd/show/boxes.py": "show pictures",
    "autograd/show/formula.py": "formula",
    "autograd/show/graph.py": "show pictures scope_walk",
    "autograd/show/numbers.py": "show stepper",
    "autograd/show/render.py": "show pictures",
    "autograd/show/scope_walk.py": "scope_walk",
    "autograd/show/stage.py": "stepper scope_walk",
    "autograd/show/stepper.py": "stepper scope_walk",
    "autograd/show/themes.py": "pictures show",
    "autograd/show/trace.py": "show",
    "autograd/show/walk.py": "stepper scope_walk",
    "nn/activations.py": "nn_activations nn_layers nn_diagrams",
    "nn/architecture.py": "nn_architecture",
    "nn/checks.py": "nn_checks",
    "nn/columns.py": "nn_module",
    "nn/csv_files.py": "nn_tables",
    "nn/datasets.py": "nn_datasets",
    "nn/diagrams.py": "nn_diagrams",
    "nn/drawings.py": "nn_drawings",
    "nn/files.py": "nn_files",
    "nn/history.py": "nn_history",
    "nn/initializers.py": "nn_initializers",
    "nn/layers.py": "nn_layers nn_diagrams nn_drawings",
    "nn/losses.py": "nn_losses nn_replay",
    "nn/module.py": "nn_module nn_diagrams",
    "nn/optimizers.py": "nn_optimizers",
    "nn/plots.py": "nn_plots",
    "nn/prediction.py": "nn_prediction",
    "nn/progress.py": "nn_progress",
    "nn/regularizers.py": "nn_regularizers",
    "nn/replaying.py": "nn_replay",
    "nn/reports.py": "nn_reports",
    "nn/samples.py": "nn_datasets nn_training",
    "nn/saving.py": "nn_saving",
    "nn/schedules.py": "nn_schedules",
    "nn/shapes.py": "nn_layers nn_module",
    "nn/stages.py": "nn_layers nn_module",
    "nn/steps.py": "nn_steps nn_training nn_replay",
    "nn/stopping.py": "nn_stopping",
    "nn/tables.py": "nn_tables",
    "nn/traces.py": "nn_traces",
    "nn/trainer.py": "nn_training nn_saving",
    "nn/cli/data.py": "nn_flags",
    "nn/cli/flags.py": "nn_flags",
    "nn/cli/playground.py": "nn_flags",
    "nn/cli/predict.py": "nn_flags",
    "nn/cli/recipe.py": "nn_flags",
    "nn/cli/results.py": "nn_flags",
    "nn/cli/train.py": "nn_flags",
    "nn/playground/run.py": "playground_runs",
    "nn/playground/server.py": "playground",
    "nn/playground/settings.py": "playground_runs",
    "nn/show/curves.py": "nn_show",
    "nn/show/frames.py": "nn_show",
    "nn/show/network.py": "nn_show",
    "nn/show/page.py": "nn_show",
    "nn/show/pixels.py": "nn_show",
    "nn/show/reading.py": "nn_show",
    "nn/show/scales.py": "nn_show",
    "nn/show/surface.py": "nn_show",
    "nn/show/text.py": "nn_show",
}


def law_tests(file: str) -> list[str]:
    """Return the files of a file's own tests, the file itself for its docstrings among them."""
    return [*(f"tests/test_{name}.py" for name in LAWS[file].split()), file]


def flat(file: str) -> str:
    """Return the name that files about a mutated file begin with."""
    return file.removesuffix(".py").replace("/", "_")
