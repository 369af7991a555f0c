"""One check of one answer, in a process that has seen nothing but the chapter's set-up cells.

What an answer could do to the check, and what is done about it: functions of libraries that it
replaced are put back before the check runs; the check's names live in a namespace that the answer
cannot see; frames, tracebacks' frames, the garbage collector, ctypes and other ways into the
running check are refused by an audit hook, which cannot be taken off again, and so is whatever is
to stay hidden. All of that is noted. Python cannot keep secrets from code in the same process:
what INSTRUCTORS.md says of that stands.
"""

import ast
import builtins
import linecache
import os
import re
import signal
import symtable
import sys
import threading
import traceback
import types
from collections.abc import Callable

LIBRARIES = ("builtins", "math", "random", "numpy", "scipy", "sklearn", "torch", "course_utils")
EXCHANGED = ("input", "exit", "quit", "manual_seed", "Storage")  # by IPython and PyTorch
# What no answer needs: a reason for a person to read it.
ODD = re.compile(
    r"__(?:globals|closure|subclasses|array_interface|builtins|mro)__|f_(?:locals|globals|back)\b|"
    r"_getframe|ast_transformers|\bgc\.|\bctypes\b|\bcffi\b|\bsignal\b|/proc/|sys\.modules|"
    r"as_strided|setattr|BEGIN HIDDEN|os\._exit"
)
FRAMES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
SWAPS = frozenset({"__code__", "__defaults__", "__kwdefaults__"})
LOOKING = frozenset(
    [
        "sys._getframe",
        "sys._current_frames",
        "sys._current_exceptions",
        "sys.settrace",
        "sys.setprofile",
        "sys.addaudithook",
        "gc.get_objects",
        "gc.get_referrers",
        "gc.get_referents",
        "code.__new__",
    ]
)
STARTING = frozenset(
    [
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "socket.connect",
    ]
)


class Pristine:
    """The libraries' functions as they were before anything of a learner's ran."""

    def __init__(self) -> None:
        self.owners = []
        seen = set()
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] in LIBRARIES and isinstance(module, types.ModuleType):
                classes = [v for v in vars(module).values() if isinstance(v, type)]
                # Classes written in C cannot be changed.
                own = [c for c in classes if c.__flags__ & 1 << 9 and _of_libraries(c)]
                for owner in (module, *own):
                    if id(owner) not in seen:
                        seen.add(id(owner))
                        self.owners.append((owner, dict(vars(owner))))

    def put_back(self) -> list[str]:
        """Put replaced functions and classes back; returns their names."""
        found = []
        for owner, names in self.owners:
            now = dict(vars(owner))
            for name, value in names.items():
                new = now.get(name)
                if new is value or not callable(value) or name in EXCHANGED:
                    continue
                if name == "step" and _is_pytorchs_own(new):
                    continue  # an optimiser's class gets its hooks with the first optimiser
                setattr(owner, name, value)
                found.append(f"{getattr(owner, '__name__', owner)}.{name}")
        return found


def _is_pytorchs_own(function: object) -> bool:
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    return file.startswith(os.path.dirname(sys.modules["torch.optim"].__file__))


def _of_libraries(kind: type) -> bool:
    return str(getattr(kind, "__module__", "")).split(".")[0] in LIBRARIES


class Shell:
    """Stands for IPython in a learner's cells: no command is run, and it is noted."""

    def __init__(self, noted: list[str]) -> None:
        self._noted = noted
        self.ast_transformers, self.input_transformers_cleanup = [], []
        self.user_ns = {}

    def __getattr__(self, name: str) -> object:
        def nothing(*arguments: object, **options: object) -> None:
            said = " ".join(str(a) for a in arguments[:2] if isinstance(a, str))[:60]
            self._noted.append(f"a notebook command is not carried out in grading: {said or name}")

        if name.startswith("__"):
            raise AttributeError(name)
        return nothing

    def run_cell_magic(self, name: str, line: str, body: str) -> None:
        """The cell's own code, of those that only watch it."""
        if name in ("time", "timeit", "capture", "prun"):
            exec(compile(body, f"<cell %%{name}>", "exec"), vars(sys.modules["__main__"]))  # noqa: S102


def parsed(source: str) -> ast.Module:
    """A cell's code, notebook commands translated. Raises SyntaxError."""
    try:
        return ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        return ast.parse(TransformerManager().transform_cell(source))


def names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """The global names that code sets, and those that it uses."""
    sets, uses = set(), set()

    def visit(table: symtable.SymbolTable) -> None:
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if top or symbol.is_global():
                if symbol.is_assigned() or symbol.is_imported():
                    sets.add(symbol.get_name())
                if symbol.is_referenced():
                    uses.add(symbol.get_name())
        for inner in table.get_children():
            visit(inner)

    visit(symtable.symtable(ast.unparse(tree), "<cell>", "exec"))
    stars = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.names[0].name == "*"]
    return sets | ({"*"} if stars else set()), uses


def needed(cells: list[dict], check: dict, known: set[str]) -> list[tuple[int, ast.Module]]:
    """The cells that a check needs, in order: its answers, and what those use of other cells.

    `known` are the names that are there already; a learner's own value of one goes before it.
    """
    trees = {}
    for index, cell in enumerate(cells):
        try:
            trees[index] = parsed(cell["source"])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            if cell["name"] in check["answers"]:
                raise
    told = {index: names(tree) for index, tree in trees.items()}
    chosen = {i for i in trees if cells[i]["name"] in check["answers"]}
    at = max(chosen, default=len(cells))
    sets, uses = names(parsed(check["source"]))
    open_names = (uses - sets).union(*(told[i][1] for i in chosen))
    done = set().union(*(told[i][0] for i in chosen))
    while open_names - done:
        name = min(open_names - done)
        done.add(name)
        having = [i for i in trees if name in told[i][0]]
        if not having and name not in known and not hasattr(builtins, name):
            having = [i for i in trees if "*" in told[i][0]]
        own = [i for i in having if cells[i]["own"] and i < at]
        if not own and name in known:
            continue
        for found in (own or [i for i in having if i < at] or having)[-1:]:
            chosen.add(found)
            open_names |= told[found][1]
    return [(i, trees[i]) for i in sorted(chosen)]


def guard(namespace: dict, noted: list[str], hidden: list[str]) -> None:
    """Refuse an answer, from now on and for good, what would let it see or change its check."""
    for module in (signal, sys.modules["_signal"]):  # a handler is handed a frame
        for name in ("signal", "setitimer", "alarm"):
            setattr(module, name, _refused(name, noted))
    look, who, busy = sys._getframe, threading.get_ident, set()
    library = os.path.dirname(os.__file__)
    passing = tuple(os.path.join(library, n) for n in ("inspect.py", "traceback.py", "logging"))

    def by_answer(beyond: tuple[str, ...]) -> bool:
        frame = look(3)  # of whoever did what the hook is told of
        while frame and frame.f_code.co_filename.startswith(beyond):
            frame = frame.f_back
        file = frame.f_code.co_filename if frame else ""
        own = file.startswith(("<cell", "<answer", "<string"))
        return frame is not None and (own or frame.f_globals is namespace)

    def hook(event: str, arguments: tuple) -> None:
        if who() in busy:
            return
        busy.add(who())
        try:
            problem = judge(event, arguments)
        finally:
            busy.discard(who())
        if problem:
            noted.append(problem)
            if event in STARTING and not hidden:
                return  # in a full sandbox it does no harm
            kind = OSError if event in STARTING else ValueError  # as where there is no network
            raise kind(f"refused in grading: {problem}")

    def judge(event: str, arguments: tuple) -> str:
        if event == "open":
            path = os.path.abspath(str(arguments[0])) if isinstance(arguments[0], str) else ""
            if path.startswith(("/proc/", *hidden)) and by_answer((library,)):
                return f"an answer opens {path}"
        elif event in LOOKING and by_answer(passing):
            return f"an answer looks into the running check ({event})"
        elif event == "object.__getattr__" and arguments[1] in FRAMES and by_answer(passing):
            return f"an answer looks into the running check ({arguments[1]})"
        elif event == "object.__setattr__" and arguments[1] in SWAPS and by_answer(passing):
            return f"an answer exchanges the code of {getattr(arguments[0], '__name__', '?')}"
        elif (event in STARTING or event.startswith("ctypes.")) and by_answer((library,)):
            return f"an answer uses {event}"
        return ""

    sys.addaudithook(hook)


def _refused(name: str, noted: list[str]) -> Callable:
    def refuse(*arguments: object) -> None:
        noted.append(f"an answer uses signal.{name}")
        raise OSError(f"refused in grading: signal.{name}")

    return refuse


def examine(
    job: dict, check: dict, namespace: dict, before: Pristine, out: int, verdict: int
) -> None:
    """Run a check on a learner's cells and write the verdict; the process ends here."""
    os.setsid()
    for target in (1, 2):
        os.dup2(out, target)
    os.dup2(verdict, 3)
    os.closerange(4, 1024)
    for name, fd in (("stdout", 1), ("stderr", 2)):
        text = {"encoding": "utf-8", "errors": "replace", "buffering": 1}
        stream = open(fd, "w", closefd=False, **text)  # noqa: SIM115
        setattr(sys, name, stream)
    write, leave, join, isolated = os.write, os._exit, bytes.join, dict
    noted: list[str] = []
    shell = Shell(noted)
    namespace.update({"get_ipython": lambda: shell, "display": print})
    passed, kind, message, trace = b"", "", "", ""
    try:
        cells = needed(job["cells"], check, set(namespace))
        code = compile(check["source"], "<check>", "exec")
        guard(namespace, noted, job["hidden"])
        threads = threading.active_count()
        streams = sys.stdout, sys.stderr
        run_cells(cells, job["cells"], namespace)
        sys.stdout, sys.stderr = streams
        odd = {found for i, _ in cells for found in ODD.findall(job["cells"][i]["source"])}
        noted += [f"read it: an answer has {found}" for found in sorted(odd)]
        if threading.active_count() > threads:
            noted.append("an answer leaves a thread running")
        if shell.ast_transformers or shell.input_transformers_cleanup:
            noted.append("an answer would transform the cells that come after it")
        replaced = before.put_back()
        noted += [f"an answer replaces {name}" for name in replaced[:5]]
        exec(code, isolated(namespace))  # noqa: S102
        late = before.put_back()
        noted += [f"an answer replaces {name}" for name in late[:5]]
        if late:
            raise AssertionError(f"you replaced {late[0]}: leave libraries as they are")
        passed = b"passed"
    except BaseException as error:  # noqa: BLE001 (whatever it was, it is the verdict)
        before.put_back()
        kind, message, trace = told(error, check)
    fields = [kind, message, trace, "\n".join(dict.fromkeys(noted))]
    texts = [field.replace("\0", " ")[:5000].encode("utf-8", "replace") for field in fields]
    write(3, join(b"\0", [job["nonce"].encode(), passed, *texts]))
    leave(0)


def run_cells(cells: list[tuple[int, ast.Module]], all_cells: list[dict], namespace: dict) -> None:
    """Run a learner's cells; what one raises is printed, as a notebook goes on after it."""
    for index, tree in cells:
        name = all_cells[index]["name"]
        file = f"<answer {name}>" if name else f"<cell {index + 1}>"
        lines = ast.unparse(tree) if "get_ipython" in ast.dump(tree) else all_cells[index]["source"]
        linecache.cache[file] = (len(lines), None, lines.splitlines(keepends=True), file)
        try:
            exec(compile(tree, file, "exec"), namespace)  # noqa: S102
        except BaseException as error:  # noqa: BLE001
            print(f"{file} stopped with {type(error).__name__}: {str(error)[:500]}")
    linecache.cache.pop("<check>", None)


def told(error: BaseException, check: dict) -> tuple[str, str, str]:
    """Kind, message and place of an error: the learner's own lines, no line of a hidden test."""
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001 (a learner's exception)
        message = "(its message cannot be shown)"
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(("<answer", "<cell")):
            lines.append(f"  {frame.filename[1:-1]}, line {frame.lineno}: {frame.line}")
        elif frame.filename == "<check>":
            line = check["source"].splitlines()[(frame.lineno or 1) - 1].strip()
            if line in check["visible"]:
                lines.append(f"  the check, line: {line}")
    return type(error).__name__, message, "\n".join(lines[-12:])
