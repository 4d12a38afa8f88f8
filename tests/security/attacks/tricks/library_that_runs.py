"""Has timers, profilers, tests and debuggers of the standard library run source.

tries: call a function by modules that look harmless, where exec and eval are forbidden
layers: seccomp, landlock, namespaces
observed: stopped
source: picklescan GHSA-4675-36f9-wf6r and GHSA-m273-6v24-x4m4 (operator.methodcaller)
"""

import bdb
import code
import doctest
import functools
import operator
import os
import profile
import timeit

said = []
os.said = said
run = "import os; os.said.append(os.system('exit 7') >> 8)"
timeit.timeit(run, number=1)
profile.Profile().run(run)
bdb.Bdb().runeval("__import__('os').said.append(__import__('os').system('exit 7') >> 8)")
code.InteractiveInterpreter({}).runsource(run)
case = doctest.DocTestParser().get_doctest(f">>> {run}\n", {}, "case", None, 0)
doctest.DocTestRunner(verbose=False).run(case, out=lambda _: None)
said.append(operator.methodcaller("system", "exit 7")(os) >> 8)
said.append(functools.partial(os.system, "exit 7")() >> 8)

assert len(said) == 7, said
result = "escaped: a shell ran" if 7 in said else f"stopped: statuses {said}"
