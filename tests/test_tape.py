"""The sweeps, on tapes written by hand: no primitive takes part, so no row can hide a wrong sweep."""

from __future__ import annotations

import math
import random
import sys
import threading

import pytest

from autograd.tape import (
    CONSTANT,
    GENERATIONS,
    IMPORT,
    INPUT,
    LEAF,
    Lock,
    Tape,
    advance_serials,
    edges,
    forward_sweep,
    reachable,
    reverse_sweep,
    sweep_fields,
)

ANY = 0  # a primitive's code: the sweeps never look at it


def written(*nodes: tuple) -> Tape:
    tape = Tape()
    for node in nodes:
        tape.append(node)
    return tape


def adjoints_of(tape: Tape, index: int, seed: float = 1.0) -> list[float]:
    return reverse_sweep([((tape, index), seed)])[tape]


def test_adjoints_of_the_first_example():
    # w1, w2, a = w1**3, b = a * w2, c = 3 * w1, g = b + c at (2, 3)
    tape = written(
        (LEAF, 2.0),
        (LEAF, 3.0),
        (ANY, 8.0, 0, 12.0, CONSTANT, 3.0),
        (ANY, 24.0, 2, 3.0, 1, 8.0),
        (ANY, 6.0, CONSTANT, 3.0, 0, 3.0),
        (ANY, 30.0, 3, 1.0, 4, 1.0),
    )
    assert adjoints_of(tape, 5) == [39.0, 8.0, 3.0, 1.0, 1.0, 1.0]
    assert forward_sweep(tape.nodes, {0: 1.0})[-1] == 39.0
    assert forward_sweep(tape.nodes, {1: 1.0})[-1] == 8.0


def test_an_operand_used_twice_gets_two_shares():
    assert adjoints_of(written((LEAF, 3.0), (ANY, 9.0, 0, 3.0, 0, 3.0)), 1) == [6.0, 1.0]


def test_three_and_more_operands():
    tape = written((LEAF, 1.0), (LEAF, 2.0), (ANY, 4.0, (0, CONSTANT, 1, 0), (10.0, 99.0, 20.0, 30.0), 4))
    assert adjoints_of(tape, 2) == [40.0, 20.0, 1.0]
    assert forward_sweep(tape.nodes, {0: 1.0, 1: 1.0})[2] == 60.0


def test_sharing_in_the_middle_needs_topological_order():
    # a, b = a + a, c = b + b, d = b + c: every use of b has to be swept before b's own operands
    tape = written((LEAF, 1.0), (ANY, 2.0, 0, 1.0, 0, 1.0), (ANY, 4.0, 1, 1.0, 1, 1.0), (ANY, 6.0, 1, 1.0, 2, 1.0))
    assert adjoints_of(tape, 3) == [6.0, 3.0, 1.0, 1.0]


def test_the_sweep_starts_at_the_output_not_at_the_end():
    tape = written((LEAF, 1.0), (ANY, 2.0, 0, 2.0), (ANY, 100.0, 0, 100.0))
    assert adjoints_of(tape, 1, seed=3.0) == [6.0, 3.0]


@pytest.mark.parametrize("slope", [math.inf, -math.inf, math.nan])
def test_a_zero_adjoint_times_anything_is_nothing(slope):
    tape = written((LEAF, 0.0), (ANY, 0.0, 0, slope), (ANY, 0.0, 1, 0.0, 0, 2.0))
    assert adjoints_of(tape, 2) == [2.0, 0.0, 1.0]
    assert forward_sweep(tape.nodes, {0: 0.0}) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("seed", [math.inf, math.nan])
def test_anything_times_a_zero_slope_is_nothing(seed):
    tape = written((LEAF, 1.0), (LEAF, 1.0), (ANY, 1.0, 0, 0.0, 1, 1.0), (ANY, 1.0, (0, 1, 2), (0.0, 0.0, 1.0), 3))
    swept = adjoints_of(tape, 3, seed)
    assert swept[0] == 0.0
    assert not math.isfinite(swept[1])
    assert forward_sweep(tape.nodes, {0: seed})[2] == 0.0


def test_a_nan_slope_reaches_the_operand():
    assert math.isnan(adjoints_of(written((LEAF, 1.0), (ANY, 1.0, 0, math.nan)), 1)[0])


def test_a_sweep_carries_on_into_older_tapes():
    older, newer = written((LEAF, 2.0), (ANY, 4.0, 0, 4.0)), Tape()
    newer.append((ANY, 12.0, newer.enter_import((older, 1)), 3.0))
    swept = reverse_sweep([((newer, 1), 1.0)])
    assert swept[older] == [12.0, 3.0]
    assert swept[newer] == [3.0, 1.0]


def test_an_import_is_entered_once():
    older, newer = written((LEAF, 2.0)), Tape()
    assert newer.enter_import((older, 0)) == newer.enter_import((older, 0)) == 0


def test_two_tapes_that_import_from_each_other_are_swept_in_order():
    first = written((LEAF, 1.0), (ANY, 2.0, 0, 2.0))
    second = Tape()
    second.append((ANY, 6.0, second.enter_import((first, 1)), 3.0))
    back = first.enter_import((second, 1))
    last = first.append((ANY, 0.0, back, 5.0, 1, 7.0))
    assert adjoints_of(first, last)[:2] == [(5.0 * 3.0 + 7.0) * 2.0, 22.0]
    found, outside = reachable([(first, last)])
    assert not outside
    assert found.index((first, 1)) < found.index((second, 1)) < found.index((first, last))


def test_only_an_import_of_something_younger_begins_a_segment():
    older, newer = written((LEAF, 1.0), (LEAF, 2.0)), Tape()
    newer.enter_import((older, 0))
    newer.append((ANY, 1.0, 0, 1.0))
    newer.enter_import((older, 1))
    assert newer.starts == [0]
    older.enter_import((newer, 1))
    older.enter_import((newer, 2))
    assert older.starts == [0, 2]


@pytest.mark.parametrize("seed", range(200))
def test_tapes_that_import_from_each_other_at_random_are_swept_in_order(seed):
    draw = random.Random(seed)
    tapes = [Tape() for _ in range(draw.randint(1, 4))]
    places: list[tuple[Tape, int]] = []
    uses: dict[tuple[Tape, int], list[tuple[tuple[Tape, int], float]]] = {}  # node -> what uses it, and the slopes
    for _ in range(draw.randint(2, 40)):
        tape = draw.choice(tapes)
        if draw.random() < 0.1:
            tape.begin_segment()
        operands = draw.sample(places[-12:], min(len(places), draw.choice([0, 1, 2, 2, 3])))
        slopes = [float(draw.randint(1, 3)) for _ in operands]
        indices = [at if origin is tape else tape.enter_import((origin, at)) for origin, at in operands]
        if len(indices) == 3:
            node = (ANY, 1.0, tuple(indices), tuple(slopes), 3)
        else:
            node = (ANY if indices else LEAF, 1.0, *(each for pair in zip(indices, slopes) for each in pair))
        places.append((tape, tape.append(node)))
        for operand, slope in zip(operands, slopes):
            uses.setdefault(operand, []).append((places[-1], slope))
    expected: dict[tuple[Tape, int], float] = {}
    for place in reversed(places):
        expected[place] = sum((expected[user] * slope for user, slope in uses.get(place, [])), place == places[-1])
    swept = reverse_sweep([(places[-1], 1.0)])
    found, _ = reachable([places[-1]])
    for tape, at in places:
        adjoints = swept.get(tape, [])
        assert (adjoints[at] if at < len(adjoints) else 0.0) == expected[tape, at]
        assert ((tape, at) in found) == (expected[tape, at] != 0.0)
    for tape, at in found:
        for operand in edges(tape.nodes[at])[0]:
            assert found.index((tape, operand)) < found.index((tape, at))


def test_a_sweep_stops_before_its_segment():
    tape = written((LEAF, 5.0), (ANY, 5.0, 0, 2.0))
    since = tape.begin_segment()
    tape.append((ANY, 5.0, 1, 10.0))
    tape.append((INPUT, 1.0))
    tape.append((ANY, 5.0, 2, 10.0, 3, 1.0))
    swept = reverse_sweep([((tape, 4), 1.0)], since)[tape]
    assert swept == [0.0, 100.0, 10.0, 1.0, 1.0]
    assert reachable([(tape, 4)], since) == ([(tape, 2), (tape, 3), (tape, 4)], True)
    assert reachable([(tape, 3)], since) == ([(tape, 3)], False)


def test_reachable_leaves_out_what_the_output_does_not_need():
    tape = written((LEAF, 1.0), (LEAF, 2.0), (ANY, 1.0, 1, 1.0), (ANY, 1.0, 0, 1.0), (ANY, 1.0, 3, 1.0, 0, 1.0))
    assert [index for _, index in reachable([(tape, 4)])[0]] == [0, 3, 4]


@pytest.mark.long
def test_many_segments_cost_no_more_than_their_nodes():
    older, newer = Tape(), Tape()
    for k in range(3000):
        older.append((LEAF, float(k)))
    for k in range(3000):
        newer.append((ANY, 0.0, newer.enter_import((older, k)), 1.0, max(0, 2 * k - 1), 1.0))
    swept = reverse_sweep([((newer, len(newer.nodes) - 1), 1.0)])
    assert swept[older][1:] == [1.0] * 2999


class Counted(list):
    """A list that counts how many of its elements are read."""

    read = 0

    def __getitem__(self, at):
        found = list.__getitem__(self, at)
        self.read += len(found) if isinstance(at, slice) else 1
        return found

    def __reversed__(self):
        for element in list.__reversed__(self):
            self.read += 1
            yield element


@pytest.mark.parametrize("highest", [0, 999])
@pytest.mark.parametrize(("high", "low"), [(9, 0), (999, 0), (999, 990), (500, 491)])
def test_a_sweep_over_a_part_of_a_tape_reads_about_as_much_of_it(high, low, highest):
    tape = written((LEAF, 1.0), *((ANY, 1.0, k, 1.0) for k in range(999)))
    fields, adjoints = Counted(tape.fields), Counted([0.0] * (max(high, highest) + 1))
    adjoints[high] = 2.0
    sweep_fields(fields, adjoints, low, high)
    assert adjoints[max(0, low - 1) : high + 1] == [2.0] * (high + 1 - max(0, low - 1))
    assert fields.read + adjoints.read < 60 * (high - low + 1)


def test_what_a_stand_in_needs_is_looked_for_once():
    tape, _ = of_generation(GENERATIONS - 1)
    for k in range(300):
        tape.append((ANY, 1.0, k, 1.0))
    tape.fields = Counted(tape.fields)
    newer = Tape()
    for k in range(300):
        newer.enter_import((tape, k))
    assert tape.fields.read < 10 * 300


def test_edges_gives_operands_and_numbers_for_every_layout():
    assert edges((ANY, 1.0, 4, 2.0)) == ((4,), (2.0,))
    assert edges((ANY, 1.0, 4, 2.0, CONSTANT, 7.0)) == ((4, CONSTANT), (2.0, 7.0))
    assert edges((ANY, 1.0, (4, 5, 6), (1.0, 2.0, 3.0), 3)) == ((4, 5, 6), (1.0, 2.0, 3.0))
    assert edges((LEAF, 1.0)) == ((), ())


def test_a_lock_that_an_interrupt_finds_half_entered_is_free():
    lock, taken = Lock(), []

    def interrupt(frame, event, function):
        if event == "c_return" and function.__name__ == "extend":
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(interrupt)
    with pytest.raises(KeyboardInterrupt), lock:
        pytest.fail("it was entered")
    thread = threading.Thread(target=lambda: taken.append(lock.acquire(blocking=False) and not lock.release()))
    thread.start()
    thread.join()
    assert taken == [True]


def test_a_lock_that_another_thread_has_is_waited_for():
    lock, entered = Lock(), []

    def enter():
        with lock:
            entered.append("second")

    thread = threading.Thread(target=enter)
    with lock:
        thread.start()
        thread.join(0.05)
        entered.append("first")
    thread.join()
    assert entered == ["first", "second"]


def test_tape_imports_nothing_of_ours():
    import ast
    import inspect

    import autograd.tape

    tree = ast.parse(inspect.getsource(autograd.tape))
    at_top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert all("autograd" not in ast.dump(node) for node in at_top)


def test_reachable_follows_operands_of_wide_nodes_and_of_the_first_of_a_segment_down_to_the_first_node():
    tape = written((LEAF, 1.0), (LEAF, 2.0), (ANY, 4.0, (0, 1, 0), (1.0, 1.0, 1.0), 3))
    assert reachable([(tape, 2)])[0] == [(tape, 0), (tape, 1), (tape, 2)]
    tape.begin_segment()
    tape.append((ANY, 3.0, 0, 1.0))
    assert reachable([(tape, 3)])[0] == [(tape, 0), (tape, 3)]


def test_an_import_has_the_primal_of_its_node():
    older, newer = written((LEAF, 2.0), (ANY, 4.0, 0, 4.0)), Tape()
    assert newer.nodes[newer.enter_import((older, 1))] == (IMPORT, 4.0)


def test_every_few_generations_a_stand_in_is_imported_from():
    place, stand_ins = (written((LEAF, 1.0)), 0), []
    for generation in range(1, 2 * GENERATIONS + 1):
        tape = Tape()
        index = tape.enter_import(place)
        if tape.imports[index][0] is not place[0]:
            stand_ins.append(generation)
        place = (tape, index)
    assert stand_ins == [GENERATIONS, 2 * GENERATIONS]


def of_generation(generation: int) -> tuple[Tape, Tape]:
    """Return a tape that imports from another, in line 0, and that other one."""
    older, tape = written((LEAF, 1.0), (LEAF, 2.0)), Tape()
    older.generation = generation - 1
    tape.enter_import((older, 0))
    return tape, older


def test_a_stand_in_imports_what_is_needed_of_it_also_when_its_tape_has_grown():
    tape, older = of_generation(GENERATIONS - 1)
    tape.append((ANY, 3.0, 0, 1.0, CONSTANT, 2.0))
    unused = tape.enter_import((older, 1))
    tape.append((ANY, 3.0, unused, 1.0))
    newer = Tape()
    stand_in = newer.imports[newer.enter_import((tape, 1))][0]
    assert stand_in.imports == {0: (older, 0)}
    last = tape.append((ANY, 3.0, (unused, CONSTANT, 1), (1.0, 1.0, 1.0), 3))
    newer.enter_import((tape, last))
    assert stand_in.imports == {0: (older, 0), unused: (older, 1)}


def test_a_tape_and_its_stand_in_are_swept_as_one_and_each_knows_imports_of_its_own():
    tape, older = of_generation(GENERATIONS - 1)
    other = tape.enter_import((older, 1))
    newer = Tape()
    stand_in = newer.imports[newer.enter_import((tape, 0))][0]
    found, outside = reachable([(stand_in, 0), (tape, other)])
    assert (older, 1) in found
    assert (older, 0) in found
    assert not outside


def test_what_is_found_on_a_tape_with_several_stand_ins_has_the_imports_of_all_of_them():
    tape, older = of_generation(GENERATIONS - 1)
    nodes = [tape.append((ANY, 3.0, tape.enter_import((older, k)), 1.0)) for k in (0, 1)]
    newer = [Tape(), Tape()]
    places = [each.imports[each.enter_import((tape, node))] for each, node in zip(newer, nodes)]
    assert len({id(stand_in) for stand_in, _ in places}) == 2
    found = reachable(places)[0]
    assert len(found) == 6
    for on, index in found:
        assert on is older or on.imports == tape.imports, f"what {index} depends on is not known"
    (view,) = {id(on): on for on, _ in found if on is not older}.values()
    assert view.generation == tape.generation
    assert reverse_sweep([(place, 1.0) for place in places])[older] == [1.0, 1.0]


def test_a_tape_does_not_import_from_what_stands_in_for_it():
    tape, _ = of_generation(GENERATIONS - 1)
    newer = Tape()
    stand_in = newer.imports[newer.enter_import((tape, 0))][0]
    assert stand_in is not tape
    assert tape.enter_import((stand_in, 0)) == 0
    assert len(tape) == 1


def test_what_lies_on_a_tape_from_before_is_outside():
    older, newer = written((LEAF, 2.0)), Tape()
    last = newer.append((ANY, 6.0, newer.enter_import((older, 0)), 3.0))
    since = newer.serials[-1]
    assert reachable([(newer, last)], since) == ([(newer, 0), (newer, last)], True)
    assert reverse_sweep([((newer, last), 1.0)], since) == {newer: [3.0, 1.0]}
    assert reachable([(older, 0)], since) == ([], True)


def test_segments_after_a_restored_tape_are_younger_than_its_segments():
    past = Tape().serials[-1] + 1000
    advance_serials(past)
    assert Tape().serials[-1] > past
    advance_serials(1)
    assert Tape().serials[-1] > past


def test_an_empty_segment_that_begins_again_is_the_same_segment_only_younger():
    tape = written((LEAF, 1.0))
    (first,) = tape.serials
    tape.begin_segment()
    since = tape.begin_segment()
    assert (tape.serials, tape.starts) == ([first, since], [0, 1])


def test_nodes_are_equal_where_all_their_fields_are():
    nodes = [written((LEAF, primal)).nodes for primal in (1.0, 1.0, 2.0)]
    assert [a == b for a in nodes for b in nodes] == [True, True, False, True, True, False, False, False, True]


def test_the_marks_of_lines_without_a_row_are_no_codes_of_rows():
    marks = [LEAF, INPUT, IMPORT]
    assert len(set(marks)) == 3
    assert max(marks) < 0
