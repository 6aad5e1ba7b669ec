"""Situations that other files test: where, by name."""

from __future__ import annotations

from tests.hard_points import Known

__all__ = ["KNOWN"]

WORKED = "test_worked_examples"
ORDERS = "test_higher_orders_at_awkward_points"
ACCURATE = "test_value_and_partials_are_within_the_bound"

KNOWN = [
    Known(
        "micrograd's own two tests", "test_micrograd.py", "test_sanity_check_against_known_numbers", "micrograd test/"
    ),
    Known("micrograd's training demo", "test_micrograd.py", "test_demo_training_loop", "micrograd"),
    Known(
        "a second sweep, intermediates not counted twice",
        "test_value.py",
        "test_backward_twice_doubles_leaves_and_nothing_else",
        "micrograd #8, #25, #32, #53, #63, #102",
        "micrograd: 45 for 27†",
    ),
    Known(
        "two outputs that share a node",
        "test_value.py",
        "test_two_outputs_share_a_node",
        "micrograd",
        "micrograd: 44 for 32†",
    ),
    Known(
        "the same bits every time",
        "test_value.py",
        "test_identical_programs_give_identical_bits",
        "micrograd (a set of parents)",
        "micrograd: 292 gradients in 300 runs†",
    ),
    Known(
        "a chain of a million nodes", "test_limits.py", "test_a_chain_of_a_million_nodes_is_swept", "micrograd #21, #90"
    ),
    Known(
        "a deep graph is freed",
        "test_limits.py",
        "test_a_chain_of_a_million_nodes_is_freed",
        "pytorch test_free_deep_graph",
    ),
    Known(
        "a sum of a million operands", "test_limits.py", "test_a_sum_of_a_million_operands", "micrograd (sum of 2000)"
    ),
    Known(
        "a training loop in bounded memory",
        "test_limits.py",
        "test_a_training_loop_runs_in_bounded_memory",
        "micrograd (cycles)",
    ),
    Known(
        "stale data in a lifted sweep",
        "test_transforms.py",
        "test_a_lifted_sweep_over_changed_leaves_is_refused",
        "pytorch",
    ),
    Known(
        "copies of graphs",
        "test_copies.py",
        "test_a_graph_is_independent",
        "micrograd",
        "micrograd: the original gets the gradient†",
    ),
    Known(
        "pickles in another process",
        "test_copies.py",
        "test_a_pickle_travels_to_another_process",
        "pytorch test_pickle",
    ),
    Known(
        "threads that share leaves",
        "test_recording.py",
        "test_threads_record_on_tapes_of_their_own_and_share_leaves",
        "autograd #659, jax #3843",
    ),
    Known(
        "tasks of asyncio", "test_recording.py", "test_tasks_record_on_tapes_of_their_own", "xad (one tape a thread)"
    ),
    Known("an interrupt in the middle", "test_recording.py", "test_an_interrupted_block_leaves_the_tape_whole", "jax"),
    Known(
        "where nan began",
        "test_diagnosis.py",
        "test_the_first_node_that_is_not_finite_is_named_with_its_line_and_scope",
        "autograd #359, JuMP.jl #320",
    ),
    Known(
        "strict mode names primitive, operands, line",
        "test_recording.py",
        "test_strict_names_primitive_operands_and_line",
        "CoDiPack, stan",
        "torch's anomaly mode does not flag log(-1)†",
    ),
    Known(
        "bool, str, None, complex, lists refused by name",
        "test_value.py",
        "test_anything_else_is_refused_by_name",
        "micrograd",
        "micrograd takes them†",
    ),
    Known("ints beyond the largest float", "test_value.py", "test_an_int_too_large_for_a_float_is_infinite", "Python"),
    Known(
        "float(v) and math.sin(v)",
        "test_value.py",
        "test_float_and_math_refuse_to_drop_the_gradient",
        "pytorch, casadi",
    ),
    Known("NumPy's functions on arrays of Values", "test_arrays.py", "test_numpy_functions_are_recorded", "autograd"),
    Known(
        "nan in, nan out",
        "test_primitives.py",
        "test_nan_in_gives_nan_out_in_the_slopes_too",
        "stan #857, #862",
        "incoherent in six engines†",
    ),
    Known(
        "no argument raises, of any row",
        "test_primitives.py",
        "test_no_argument_makes_a_row_raise",
        "micrograd",
        "OverflowError, ZeroDivisionError†",
    ),
    Known(
        "a constant's partial is not evaluated",
        "test_primitives.py",
        "test_a_constants_partial_is_never_evaluated",
        "micrograd forks: log of a negative base",
    ),
    Known("kinks of every row", "test_primitives.py", "test_kinks", "pytorch, jax"),
    Known("poles of slopes", "test_primitives.py", "test_a_slope_at_a_pole_is_ieee_754", "casadi, stan"),
    Known(
        "worked examples of every row, on numbers, nodes, arrays", "test_primitives.py", WORKED, "CppAD example/general"
    ),
    Known("sinc, tanh, erf, pow and others in up to five orders at 0", "test_primitives.py", ORDERS, "CppAD test_more"),
    Known(
        "every row in 4 ulp over its whole domain",
        "test_accuracy.py",
        ACCURATE,
        "jax #39794 to #39801; pytorch #195527 to #195685",
    ),
    Known(
        "the usual formulas, found to be off",
        "test_accuracy.py",
        "test_the_usual_formula_is_found_to_be_off",
        "micrograd's tanh, autograd's asin",
        "5e-13 to 100 %†",
    ),
    Known(
        "every row on hard lanes of arrays",
        "test_arrays.py",
        "test_every_lane_of_a_row_is_what_floats_give",
        "pytorch #195075",
    ),
    Known(
        "second order of every row, in every pair of modes",
        "test_check.py",
        "test_every_row_passes_in_both_modes_and_orders",
        "jax lax_autodiff_test",
    ),
    Known(
        "a gradient 0.01 % off is found, for every row",
        "test_check.py",
        "test_every_row_fails_when_its_partials_are_scaled",
        "pytorch gradcheck",
        "torch passes 0.05 %†; autograd 1e-6†",
    ),
    Known(
        "kinks are named by gradcheck", "test_check.py", "test_the_kink_of_abs_is_named", "pytorch #114234, jax #3130"
    ),
    Known(
        "the convergence of the remainder",
        "test_check.py",
        "test_the_remainder_shrinks_with_slope_two",
        "tesseract-core #740",
    ),
    Known("a random function is told", "test_check.py", "test_random_functions_are_told", "pytorch #56202"),
    Known(
        "gradcheck at the ends of the range",
        "test_check.py",
        "test_rows_pass_at_the_ends_of_their_domain",
        "pytorch #8175",
    ),
    Known(
        "where's dead branch, every order",
        "test_transforms.py",
        "test_the_branch_not_chosen_contributes_nothing_in_any_order",
        "jax #1052",
    ),
    Known("perturbation confusion", "test_transforms.py", "test_perturbations_are_not_confused", "ForwardDiff.jl #83"),
    Known(
        "a Dual kept from an inner transform",
        "test_transforms.py",
        "test_what_a_function_keeps_of_an_inner_transform_is_a_constant_of_it",
        "ForwardDiff.jl #443",
    ),
    Known(
        "zero primals do not cut higher derivatives",
        "test_transforms.py",
        "test_zero_primals_do_not_cut_higher_derivatives",
        "pytorch #106789",
    ),
    Known(
        "forward over a pullback",
        "test_transforms.py",
        "test_forward_over_a_pullback_whose_seed_depends_on_the_input",
        "jax",
    ),
    Known(
        "lanes split by path",
        "test_replay_functions.py",
        "test_lanes_are_split_by_path_and_never_get_the_wrong_one",
        "ReverseDiff.jl #234",
    ),
    Known(
        "a branch that would change",
        "test_replay.py",
        "test_a_branch_that_would_change_is_noticed",
        "CppAD compare_change",
    ),
    Known(
        "an output that is a chosen leaf, after its tape",
        "test_replay.py",
        "test_an_output_that_is_a_leaf_was_chosen_by_what_was_asked_before",
        "CppAD",
    ),
    Known(
        "loops whose length depends on numbers",
        "test_replay_functions.py",
        "test_loops_whose_length_depends_on_the_numbers",
        "jax",
    ),
    Known(
        "lanes of nan stay alone", "test_replay.py", "test_nan_and_infinities_stay_in_their_lanes", "pytorch #195075"
    ),
    Known(
        "two arrows for x * x",
        "test_show.py",
        "test_a_value_used_twice_has_two_arrows",
        "micrograd, pytorchviz",
        "micrograd draws one†",
    ),
    Known(
        "the same picture for the same program",
        "test_show.py",
        "test_the_same_program_gives_the_same_bytes",
        "pytorchviz #69",
    ),
    Known(
        "pictures without the dot program",
        "test_show.py",
        "test_without_dot_both_ways_to_install_one_are_named",
        "pytorchviz #89, #44",
    ),
    Known(
        "large pictures", "test_show.py", "test_large_pictures_lose_the_chain_rule_then_are_refused", "pytorchviz #71"
    ),
    Known("losses of huge scores", "test_nn_losses.py", "test_huge_scores_of_classes", "micrograd #29"),
    Known("probabilities near certainty", "test_nn_losses.py", "test_probabilities_near_certainty", "pytorch #195530"),
    Known(
        "a shape that does not fit a layer",
        "test_nn_layers.py",
        "test_errors_read_well",
        "micrograd",
        "micrograd cuts the longer one†",
    ),
]
