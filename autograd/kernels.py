"""Float functions that follow IEEE 754 where Python raises, and stay accurate where the textbook formula does not.

This room knows numbers only. It never meets a node; the three formulas that array forms share are plain arithmetic, and
say so. What it promises: no exception for overflow, poles and domains, and results within 4 ulp of the exact ones,
measured by `python -m tests.accuracy`.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

SQRT_HALF = math.sqrt(0.5)
SQRT_HALF_REST = -4.833646656726457e-17  # sqrt(1/2) - SQRT_HALF
SQRT_TWO_PI_INVERSE = 0.3989422804014327
SQRT_TWO_PI_INVERSE_REST = -2.49232720227773e-17  # 1 / sqrt(2π) - SQRT_TWO_PI_INVERSE
SQRT_PI_INVERSE = 0.5641895835477563
SMALL, BIG = 1e-290, 1e290  # between them, a product of a few ordinary factors neither over- nor underflows
LOSSLESS = 2.0**52  # from here on every float is a whole number


# -- Python's functions without their exceptions -----------------------------------------------------------------------


def nan_outside(function: Callable[..., float]) -> Callable[..., float]:
    """Return a function of `math` that gives nan outside of its domain instead of raising."""

    def guarded(*arguments: float) -> float:
        try:
            return function(*arguments)
        except ValueError:
            return math.nan

    return guarded


def pole_at_zero(function: Callable[[float], float], shift: float) -> Callable[[float], float]:
    """Return a logarithm that is -inf where x + shift is 0 and nan below."""

    def guarded(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return -math.inf if x + shift == 0.0 else math.nan

    return guarded


def overflowing(function: Callable[[float], float]) -> Callable[[float], float]:
    """Return a function of `math` that gives inf where it overflows, instead of raising."""

    def guarded(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf

    return guarded


asin = nan_outside(math.asin)
acos = nan_outside(math.acos)
acosh = nan_outside(math.acosh)
sqrt = nan_outside(math.sqrt)
fmod = nan_outside(math.fmod)
remainder = nan_outside(math.remainder)
log = pole_at_zero(math.log, 0.0)
log2 = pole_at_zero(math.log2, 0.0)
log10 = pole_at_zero(math.log10, 0.0)
log1p = pole_at_zero(math.log1p, 1.0)
exp = overflowing(math.exp)
exp2 = overflowing(math.exp2)
expm1 = overflowing(math.expm1)
cosh = overflowing(math.cosh)


FAR_ANGLE = 1e8  # from here on the platform's quarter turns may be short of digits: glibc's are off by up to 1e-28
AT_A_TURN = 1e-9  # and it shows in sines and cosines below this
TURN_BITS = 1300  # a float has up to 1024 before the point; 200 are left for what is next to a multiple of π/2
QUARTER_TURN = int(  # π/2 · 2**TURN_BITS
    "1921fb54442d18469898cc51701b839a252049c1114cf98e804177d4c76273644a29410f31c6809bbdf2a33679a748636605"
    "614dbe4be286e9fc26adadaa3848bc90b6aecc4bcfd8de89885d34c6fdad617feb96de80d6fdbdc70d7f6b5133f4b5d3e482"
    "2f8963fcc9250cca3d9c8b67b8400f97142c77e0b31b4906c38aba734d22c7f51fa499ebf06caba47b9475b2c38c5e6ac410"
    "aa5773daa520ee12d2cdace186",
    16,
)


def sin(x: float) -> float:
    """Return sin x; nan for ±inf."""
    try:
        y = math.sin(x)
    except ValueError:
        return math.nan
    return math.copysign(from_turn(x), y) if -AT_A_TURN < y < AT_A_TURN and math.fabs(x) > FAR_ANGLE else y


def cos(x: float) -> float:
    """Return cos x; nan for ±inf."""
    try:
        y = math.cos(x)
    except ValueError:
        return math.nan
    return math.copysign(from_turn(x), y) if -AT_A_TURN < y < AT_A_TURN and math.fabs(x) > FAR_ANGLE else y


def tan(x: float) -> float:
    """Return tan x; nan for ±inf."""
    try:
        y = math.tan(x)
    except ValueError:
        return math.nan
    if AT_A_TURN < math.fabs(y) < 1.0 / AT_A_TURN or not math.fabs(x) > FAR_ANGLE:
        return y
    distance = from_turn(x)
    return math.copysign(distance if math.fabs(y) < 1.0 else 1.0 / distance, y)


def from_turn(x: float) -> float:
    """Return how far an angle is from the nearest multiple of π/2, rounded once.

    glibc's cosine is 8 ulp off at 6381956970095103 · 2**797, which of all floats is the one next to such a multiple,
    and 26,000 ulp at 8462504814703225 · 2**910.
    """
    numerator, denominator = math.fabs(x).as_integer_ratio()
    rest = (numerator << TURN_BITS) // denominator % QUARTER_TURN
    return builtins.min(rest, QUARTER_TURN - rest) / (1 << TURN_BITS)


def sinh(x: float) -> float:
    """Return sinh x; overflow gives ±inf."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def atanh(x: float) -> float:
    """Return the inverse of tanh; ±inf at ±1, nan beyond."""
    try:
        return math.atanh(x)
    except ValueError:
        return math.copysign(math.inf, x) if math.fabs(x) == 1.0 else math.nan


def divide(x: float, y: float) -> float:
    """Return x / y; a zero divisor gives ±inf or nan."""
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0.0 or x != x:
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)


def divide_slope(x: float, y: float) -> float:
    """Return -x / y², the slope of a quotient in its divisor; y² alone over- and underflows at 1e±200."""
    quotient = divide(x, y)
    if math.fabs(quotient) > SMALL or x == 0.0 or y == 0.0 or not math.isfinite(y):
        return divide(-quotient, y)
    scale = 2.0**600  # a subnormal quotient has lost digits that a small divisor would magnify
    return -(x * scale / y) / (y * scale)


def power(x: float, y: float) -> float:
    """Return x ** y; overflow and poles give ±inf, a negative base with a non-integer exponent nan."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0.0 and math.fmod(y, 2.0) in (1.0, -1.0) else math.inf
    except ValueError:
        if x == 0.0 and y < 0.0:
            return math.copysign(math.inf, x) if math.fmod(y, 2.0) == -1.0 else math.inf
        return math.nan


def modulo(x: float, y: float) -> float:
    """Return x % y with the sign of y; nan for y = 0."""
    try:
        return x % y
    except ZeroDivisionError:
        return math.nan


def floor_divide(x: float, y: float) -> float:
    """Return x // y; a zero divisor gives ±inf or nan."""
    try:
        return x // y
    except ZeroDivisionError:
        return divide(x, y)


def to_whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """Return a rounding function that gives a float, keeps the sign of zero, and leaves inf and nan as they are."""

    def rounded(x: float) -> float:
        if not math.fabs(x) < LOSSLESS:
            return x
        return math.copysign(float(function(x)), x)

    return rounded


floor = to_whole(math.floor)
ceil = to_whole(math.ceil)
trunc = to_whole(math.trunc)
round_half_even = to_whole(builtins.round)


def round_to(x: float, digits: float) -> float:
    """Return x correctly rounded to decimal digits, as Python does."""
    if not math.isfinite(x) or digits > 400.0:
        return x
    if not digits >= -400.0:
        return math.copysign(0.0, x) if digits == digits else digits
    try:
        return builtins.round(x, math.floor(digits))
    except OverflowError:
        return math.copysign(math.inf, x)


# -- pieces ------------------------------------------------------------------------------------------------------------


def flat(x: float) -> float:
    """Return 0 for a number and nan for nan."""
    return x if x != x else 0.0


def step(x: float) -> float:
    """Return 1 for x > 0, 0 for x <= 0, nan for nan."""
    return 1.0 if x > 0.0 else flat(x)


def sign(x: float) -> float:
    """Return -1, 0, 1, or nan for nan."""
    return -1.0 if x < 0.0 else step(x)


def relu(x: float) -> float:
    """Return max(x, 0), nan for nan."""
    return 0.0 if x <= 0.0 else x


def leaky_relu(x: float, slope: float) -> float:
    """Return x for x > 0, slope · x elsewhere."""
    return x if x > 0.0 else slope * x


def elu(x: float, alpha: float) -> float:
    """Return x for x > 0, alpha · (exp(x) - 1) elsewhere."""
    return x if x > 0.0 else alpha * math.expm1(x)


def clip(x: float, low: float, high: float) -> float:
    """Return min(max(x, low), high), nan where any of them is nan."""
    if x != x or low != low or high != high:
        return math.nan
    return min(max(x, low), high)


def where(condition: float, a: float, b: float) -> float:
    """Return a where the condition holds, b elsewhere."""
    return a if condition else b


def share(adjoint: float, slope: float) -> float:
    """Return adjoint · slope, exactly 0 where either is exactly 0."""
    return adjoint * slope if adjoint and slope else 0.0


def maximum(*xs: float) -> float:
    """Return the greatest, nan where any is nan."""
    return math.nan if any(x != x for x in xs) else max(xs)


def minimum(*xs: float) -> float:
    """Return the least, nan where any is nan."""
    return math.nan if any(x != x for x in xs) else min(xs)


# -- exact sums, products that do not overflow on the way --------------------------------------------------------------


def fsum(xs: Iterable[float]) -> float:
    """Return the correctly rounded sum; infinities of both signs give nan."""
    terms = list(xs)
    try:
        return math.fsum(terms)
    except (OverflowError, ValueError):
        return _exact_sum(terms)


def _exact_sum(terms: Sequence[float]) -> float:
    """Return the sum where `math.fsum` gives up: it overflows on the way, or infinities of both signs meet."""
    endless = [term for term in terms if not math.isfinite(term)]
    return builtins.sum(endless) if endless else _rounded(_exact(terms))


def _exact(terms: Iterable[float]) -> Any:
    """Return the sum as a fraction."""
    from fractions import Fraction  # takes 8 ms to import, and is needed about never

    return builtins.sum(map(Fraction, terms), Fraction())


def _rounded(exact: Any) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def total(*xs: float) -> float:
    """Return the correctly rounded sum."""
    return fsum(xs)


def mean(*xs: float) -> float:
    """Return the mean; it does not overflow where the sum does."""
    whole = fsum(xs)
    if math.isfinite(whole) or not all(map(math.isfinite, xs)):
        return whole / len(xs)
    return _rounded(_exact(xs) / len(xs))


def dot(*operands: float) -> float:
    """Return the sum of w · x, the operands being all w and then all x."""
    half = len(operands) // 2
    return fsum(map(operator.mul, operands[:half], operands[half:]))


def product(*xs: float) -> float:
    """Return the product; it over- or underflows only if the whole does."""
    plain = math.prod(xs)
    if SMALL < math.fabs(plain) < BIG and _never_extreme(xs):
        return plain
    if not all(map(math.isfinite, xs)):
        return plain if 0.0 in xs else _endless_product(xs)
    return _product_by_exponents(xs)


def _never_extreme(xs: Sequence[float]) -> bool:
    """Return whether no order of multiplying can overflow or come near the subnormal numbers."""
    room = 0
    for x in xs:
        room += builtins.abs(math.frexp(x)[1])
    return room < 900


def _endless_product(xs: Sequence[float]) -> float:
    return math.prod(math.copysign(1.0, x) if math.isfinite(x) else x for x in xs)


def _product_by_exponents(xs: Sequence[float]) -> float:
    mantissa, exponent = 1.0, 0
    for x in xs:
        part, more = math.frexp(x)
        mantissa, again = math.frexp(mantissa * part)
        exponent += more + again
    return scalb(mantissa, exponent)


def scalb(x: float, exponent: float) -> float:
    """Return x · 2**exponent, rounded once for a whole exponent."""
    if exponent != exponent:
        return math.nan
    bounded = builtins.max(-10000.0, builtins.min(exponent, 10000.0))
    whole = math.floor(bounded)
    part = x if bounded == whole else x * math.exp2(bounded - whole)
    try:
        return math.ldexp(part, whole)
    except OverflowError:
        return math.copysign(math.inf, x)


def binade(*xs: float) -> float:
    """Return the power of two that scales the largest of some numbers to about 1; 1 where that is 0, inf or nan."""
    largest = builtins.max(map(math.fabs, xs))
    if not 0.0 < largest < math.inf:
        return 1.0
    return math.ldexp(1.0, builtins.max(-1022, builtins.min(1 - math.frexp(largest)[1], 1022)))


# -- powers, roots, logarithms -----------------------------------------------------------------------------------------


def cbrt(x: float) -> float:
    """Return the cube root: the platform's, which may be 4 ulp off, after a Newton step with an exact residual."""
    if not 0.0 < math.fabs(x) < math.inf:
        return x
    exponent = math.frexp(x)[1] // 3
    scaled = math.ldexp(x, -3 * exponent)
    root = math.cbrt(scaled)
    square, lost = two_product(root, root)
    cube, lost_more = two_product(square, root)
    residual = ((scaled - cube) - lost_more) - lost * root
    return math.ldexp(root + residual / (3.0 * square), exponent)


def two_product(a: float, b: float) -> tuple[float, float]:
    """Return a · b rounded, and what rounding lost, exactly; for factors below 1e150 in size, floats or arrays.

    Source: Dekker, 1971. Not `math.fma`, which is new in Python 3.13.
    """
    whole = a * b
    left, right = 134217729.0 * a, 134217729.0 * b
    a_high, b_high = left - (left - a), right - (right - b)
    a_low, b_low = a - a_high, b - b_high
    return whole, ((a_high * b_high - whole) + a_high * b_low + a_low * b_high) + a_low * b_low


def log_base(x: float, base: float) -> float:
    """Return the logarithm of x to a base."""
    return divide(log(x), log(base))


def power_slope(x: float, y: float) -> float:
    """Return y · x**(y - 1); 0 for y = 0, and for an infinite y where the power is 0.

    What rounding y - 1 loses is put back, and nothing overflows on the way.
    """
    if y == 0.0:
        return 0.0
    if x < 0.0 and not y.is_integer():
        return math.nan
    below = y - 1.0
    base = power(x, below)
    if base == 0.0 and math.isinf(y):
        return 0.0
    slope = y * base
    if not SMALL < math.fabs(base) < BIG:
        root = power(math.fabs(x), 0.5 * below)
        slope = math.copysign(1.0, base) * (y * root * root)
    lost = lost_in_sum(y, -1.0, below)
    if lost and 0.0 < math.fabs(slope) < math.inf:
        slope *= exp(lost * math.log(math.fabs(x)))
    return slope


def power_log(x: float, y: float) -> float:
    """Return x**y · log x, the slope of a power in its exponent; 0 at x = 0 for y > 0."""
    if (x == 0.0 and y > 0.0) or (x == math.inf and y < 0.0):
        return 0.0
    whole = power(x, y)
    if SMALL < whole < BIG:
        return whole * log(x)
    root = power(x, 0.5 * y)
    return log(x) * root * root


def lost_in_sum(a: float, b: float, rounded: float) -> float:
    """Return a + b - rounded exactly, for rounded = a + b (Knuth's TwoSum), floats or arrays."""
    back = rounded - a
    return (a - (rounded - back)) + (b - back)


def log_sum_exp(*xs: float) -> float:
    """Return log of the sum of exp(x)."""
    largest = maximum(*xs)
    if not math.isfinite(largest):
        return largest
    others = list(xs)
    others.remove(largest)
    return largest + math.log1p(math.fsum(exp_difference(x, largest) for x in others))


def exp_difference(x: float, y: float) -> float:
    """Return exp(x - y), what rounding x - y loses being put back; 1 for x = y, also where both are infinite."""
    if x == y:
        return 1.0
    difference = x - y
    power = exp(difference)
    if not 0.0 < power < math.inf:
        return power
    return power + power * lost_in_sum(x, -y, difference)


def times_exp(a: float, x: float) -> float:
    """Return a · exp(x), where exp(x) alone may be too big or too small."""
    if math.fabs(x) < 600.0 or a == 0.0:
        return a * exp(builtins.min(x, 600.0))
    root = exp(0.5 * x)
    return a * root * root


# -- the bell curve ----------------------------------------------------------------------------------------------------


def gaussian(a: float, x: float, c: float) -> float:
    """Return a · exp(-c · x²); x² is taken with its rounding error, which is what the usual formula loses."""
    if not math.fabs(x) < 1e100:
        return flat(x) + flat(a) if c else a
    square, lost = two_product(x, x)
    if c * square > 2000.0:
        return flat(a)
    bell = times_exp(a, -c * square)
    return bell - bell * (c * lost) if math.isfinite(bell) else bell


def erfc(x: float) -> float:
    """Return 1 - erf(x)."""
    return math.erfc(x)


def normal_cdf(x: float) -> float:
    """Return the normal distribution function, ½ erfc(-x/√2), corrected for the rounding of x/√2."""
    if x < -5.0:
        return gaussian(SQRT_TWO_PI_INVERSE / mills_inverse(-x), x, 0.5)
    if x > 9.0:
        return 1.0
    t, lost = two_product(-x, SQRT_HALF)
    lost -= x * SQRT_HALF_REST
    return 0.5 * math.erfc(t) - lost * SQRT_PI_INVERSE * math.exp(-t * t)


def gelu(x: float) -> float:
    """Return x times the normal distribution function at x."""
    if x < -5.0:
        return gaussian(gelu_tail(x), x, 0.5) if x > -1e100 else -0.0
    return x * normal_cdf(x)


def gelu_tail(x: float) -> float:
    """Return what exp(-x²/2) is multiplied by in gelu; for x <= -5, a float or an array.

    That is -z / mills_inverse(z) / √2π with z = -x; as 1 minus a small number it is rounded once.
    """
    excess = mills_excess(-x)
    return SQRT_TWO_PI_INVERSE * (excess / (excess - x)) - SQRT_TWO_PI_INVERSE_REST - SQRT_TWO_PI_INVERSE


def mills_inverse(z: float) -> float:
    """Return the height of the bell curve over its tail, by its continued fraction; for z >= 5, a float or an array."""
    return z + mills_excess(z)


def mills_excess(z: float) -> float:
    """Return by how much `mills_inverse` exceeds z."""
    ratio = z
    for k in range(60, 1, -1):
        ratio = z + k / ratio
    return 1.0 / ratio


# -- squashing functions -----------------------------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x))."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    power = math.exp(x)
    return power / (1.0 + power)


def sigmoid_slope(x: float) -> float:
    """Return sigmoid(x) · sigmoid(-x), which is the slope of sigmoid."""
    power = math.exp(-math.fabs(x))
    whole = 1.0 + power
    slope = power / (whole * whole)
    return slope - 2.0 * slope * ((power - (whole - 1.0)) / whole)  # without what 1 + power lost


def softplus(x: float) -> float:
    """Return log(1 + exp(x))."""
    return relu(x) + math.log1p(math.exp(-math.fabs(x)))


def log_sigmoid(x: float) -> float:
    """Return log(1 / (1 + exp(-x)))."""
    return -softplus(-x)


def silu(x: float) -> float:
    """Return x · sigmoid(x)."""
    if x > -700.0:
        return x * sigmoid(x)
    return -0.0 if x < -1e100 else times_exp(x, x)


def logit(x: float) -> float:
    """Return log(x / (1 - x)), the inverse of sigmoid."""
    if 0.25 <= x <= 0.75:
        return 2.0 * math.atanh(2.0 * x - 1.0)
    return log(divide(x, 1.0 - x))


def sinc(x: float) -> float:
    """Return sin(x) / x, 1 at 0."""
    return sin(x) / x if x else 1.0


BESSEL_STEPS = 40  # so far above the order a ratio of 0 is as good as the true one, for every order up to 200


def bessel_ratio(x: float, order: float) -> float:
    """Return j_n(x) / x**n for the spherical Bessel functions j_n, n = 0, 1, 2 and so on, rounded down.

    Near 0 it sums the power series; further out it climbs the recurrence in n as long as n < |x|, where that loses
    nothing, and goes on with the ratio of each to the one before, which the recurrence gives from above.
    """
    if not (math.isfinite(x) and order >= 0.0):
        return math.nan
    if order > 200.0:
        return 0.0  # at most 1 / (2n + 1)!!, which underflows
    n, square = int(order), x * x
    if square < 4.0 + 6.0 * n:
        return _bessel_series(x, n)
    turn = int(builtins.min(n, math.fabs(x)))
    before, here = cos(x), sin(x) / x
    for k in range(turn):
        before, here = here, ((2 * k + 1) * here - before) / x / x
    ratio = 0.0
    for k in range(n + BESSEL_STEPS if turn < n else 0, turn, -1):
        ratio = 1.0 / (2 * k + 1 - square * ratio)
        here *= ratio if k <= n else 1.0
    return here


def _bessel_series(x: float, n: int) -> float:
    term = 1.0
    for k in range(3, 2 * n + 2, 2):
        term /= k
    terms = [term]
    for k in range(1, 60):  # enough for every order, so near 0
        term *= -0.5 * x * x / (k * (2 * n + 2 * k + 1))
        terms.append(term)
        if math.fabs(term) < 1e-20 * math.fabs(terms[0]):
            break
    return math.fsum(terms)
