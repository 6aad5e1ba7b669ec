from autograd.value import Value, Condition
from autograd.tape import Tape
from autograd.dual import Dual
from autograd.recording import no_grad, strict, scope
from autograd.transforms import *
from autograd.errors import *
from autograd import primitives
from autograd.primitives import Primitive, ManyPrimitive, softmax, divmod
for _r in primitives.TABLE: globals()[_r.name]=_r
