"""Derivatives within derivatives, whose inputs must not be confused: D, E, F stand for any mode, from outside in."""

from __future__ import annotations

from tests.hard_points import Nest

__all__ = ["NESTS"]

NESTS = [
    Nest(
        "the inner function adds the outer input",
        "D(lambda x: x * E(lambda y: x + y)(1.0))(1.0)",
        1.0,
        "ForwardDiff.jl #83",
        "ForwardDiff.jl: 2, before it had tags",
    ),
    Nest(
        "the inner function multiplies by the outer input",
        "D(lambda x: x * E(lambda y: x * y)(2.0))(5.0)",
        10.0,
        "ReverseDiff.jl #45, autograd test_enclosing_scope_ref",
        "ReverseDiff.jl: wrong, documented",
    ),
    Nest(
        "the same with its factors exchanged",
        "D(lambda x: x * E(lambda y: y * x)(2.0))(5.0)",
        10.0,
        "autograd test_enclosing_scope_ref_2",
    ),
    Nest("the inner input is the outer one", "D(lambda x: E(lambda y: y ** 3)(x))(2.0)", 12.0, "jax, pytorch"),
    Nest(
        "the inner input is the outer one, and the outer one stands beside it",
        "D(lambda x: E(lambda y: x * y)(x))(3.0)",
        1.0,
        "AutoGrad.jl #75",
    ),
    Nest(
        "both at once",
        "D(lambda x: E(lambda y: y * y * x)(x))(3.0)",
        12.0,
        "AutoGrad.jl #75, #62",
    ),
    Nest(
        "the inner derivative does not depend on the outer input",
        "D(lambda x: x * E(lambda y: y * y)(3.0))(2.0)",
        6.0,
        "ForwardDiff.jl #83",
    ),
    Nest(
        "the outer function depends on its input in no way",
        "D(lambda x: E(lambda y: y * y)(3.0))(2.0)",
        0.0,
        "pytorch (allow_unused)",
    ),
    Nest(
        "the inner function depends on its own input in no way",
        "D(lambda x: x * E(lambda y: x * x)(3.0) + x)(2.0)",
        1.0,
        "autograd test_grad_const",
    ),
    Nest("the inner derivative is a constant", "D(lambda x: x * E(lambda y: 3 * y)(x))(2.0)", 3.0, "pytorch #73137"),
    Nest("a derivative of a constant, again", "D(E(lambda x: 5.0))(2.0)", 0.0, "autograd test_graphs (const twice)"),
    Nest(
        "the derivative of the derivative of a line",
        "D(E(lambda x: 3 * x))(2.0)",
        0.0,
        "pytorch #32304",
        "RuntimeError†",
    ),
    Nest(
        "three levels, each with all inputs",
        "D(lambda x: x * E(lambda y: y * F(lambda z: x * y * z)(1.0))(2.0))(3.0)",
        24.0,
        "Siskind and Pearlmutter on perturbation confusion",
    ),
    Nest(
        "three levels at one input",
        "D(E(F(lambda x: x ** 4)))(2.0)",
        48.0,
        "autograd test_third_derivative",
    ),
    Nest(
        "three levels that hand their input on",
        "D(lambda x: E(lambda y: F(lambda z: x * y * z)(y))(x))(2.0)",
        1.0,
        "tsotchke/eshkol #75",
    ),
    Nest(
        "a parameter of an inner second derivative",
        "D(lambda p: E(F(lambda x: p * x * x))(2.0))(3.0)",
        2.0,
        "tsotchke/eshkol #138",
        "eshkol: 0",
    ),
    Nest(
        "an outer derivative of inner ones at two places",
        "D(lambda x: E(lambda y: x * y * y)(1.0) + E(lambda y: x * y * y)(2.0))(5.0)",
        6.0,
        "ForwardDiff.jl #443",
    ),
    Nest(
        "a step of descent, in its rate",
        "D(lambda a: (3 - a * E(lambda y: y * y)(3.0)) ** 2)(0.125)",
        -27.0,
        "pytorch (differentiable optimizers)",
    ),
    Nest(
        "two steps of descent, in where they began",
        "D(lambda x: (lambda y: y - 0.25 * E(lambda v: v * v)(y))(x - 0.25 * E(lambda v: v * v)(x)) ** 2)(4.0)",
        0.5,
        "pytorch (differentiable optimizers)",
    ),
    Nest(
        "Newton's step on a polynomial",
        "D(lambda a: 1.0 - (1.0 - a) / E(lambda y: y * y - a)(1.0))(2.0)",
        0.5,
        "jax (implicit differentiation)",
    ),
    Nest(
        "the momentum of a mass, in its position: they are independent",
        "D(lambda q: E(lambda v: 0.5 * v * v - 9.8 * q)(3.0))(1.0)",
        0.0,
        "ForwardDiff.jl #238",
        "ForwardDiff.jl: an error",
    ),
    Nest(
        "an inner kink at the outer input",
        "D(lambda x: x * E(lambda y: max(y, x))(x))(2.0)",
        0.5,
        "pytorch (subgradients)",
    ),
    Nest(
        "an inner branch not taken, which closes over the outer input",
        "D(lambda x: E(lambda y: where(y > 0, sqrt(y) * x, x))(0.0))(3.0)",
        0.0,
        "jax #1052",
    ),
    Nest(
        "an inner derivative used as a factor and as an argument",
        "D(lambda x: (lambda s: s * sin(s))(E(lambda y: y * y)(x)))(0.0)",
        0.0,
        "autograd test_hess_vector_prod",
    ),
    Nest(
        "a Hessian's entry times its input",
        "D(lambda x: x * E(F(lambda y: x * y ** 3))(x))(2.0)",
        72.0,
        "jax (nested hessians)",
    ),
]
