"""What stands between two tries in a kernel: names, data and random states are put back.

The kernel gets the source of this class, and can import nothing from here.
"""


class Isolation:
    """Remembers the names after the setup cells and puts them back; keeps a saboteur's marks."""

    def __init__(self, namespace: dict) -> None:
        self.namespace = namespace
        self.namespace["_isolation"] = self
        self.marks = []
        self.kept = dict(namespace)
        self.digests = self.fingerprints()
        self.states = self.random_states()

    def reset(self) -> list[str]:
        """Put names and random states back; returns the names whose data were changed."""
        self.marks.clear()
        import re
        import sys

        jupyters_own = re.compile(r"_+|_i+|_i?\d+|_[iod]h|_exit_code")
        for name in list(self.namespace):
            if name not in self.kept and not jupyters_own.fullmatch(name):
                del self.namespace[name]
        for name, value in self.kept.items():
            if not jupyters_own.fullmatch(name):
                self.namespace[name] = value
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
        for restore, state in self.states:
            restore(state)
        found = self.fingerprints()
        changed = [name for name in found if found[name] != self.digests[name]]
        self.digests = found
        return changed

    def fingerprints(self) -> dict[str, object]:
        """Of each name that was kept something that differs when its numbers do."""
        return {
            name: self.fingerprint(value)
            for name, value in self.kept.items()
            if not name.startswith("_") and name not in ("In", "Out")
        }

    def fingerprint(self, value: object, depth: int = 4) -> object:
        """Something that differs when the numbers in ``value`` do; large arrays are sampled."""
        import dataclasses
        import types
        import zlib

        if isinstance(value, types.ModuleType | type):
            return None
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        if hasattr(value, "tobytes") and hasattr(value, "ravel"):
            flat = value.ravel()
            sample = flat[:: max(1, flat.size // 1_000_000)]
            return value.shape, str(value.dtype), zlib.crc32(sample.tobytes())
        if depth == 0 or isinstance(value, type):
            return None
        if hasattr(value, "state_dict"):
            value = value.state_dict()
        if dataclasses.is_dataclass(value):
            value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        if isinstance(value, dict):
            return [(str(key), self.fingerprint(item, depth - 1)) for key, item in value.items()]
        if isinstance(value, list | tuple):
            return [self.fingerprint(item, depth - 1) for item in value]
        return repr(value) if isinstance(value, int | float | str | bool) else None

    def random_states(self) -> list[tuple]:
        """Pairs (function, state) that restore every random generator known here."""
        import random
        import sys

        states = [(random.setstate, random.getstate())]
        if "numpy" in sys.modules:
            numpy_random = sys.modules["numpy"].random
            states.append((numpy_random.set_state, numpy_random.get_state()))
        if "torch" in sys.modules:
            torch = sys.modules["torch"]
            states.append((torch.set_rng_state, torch.get_rng_state()))
        for value in self.kept.values():
            bits = getattr(value, "bit_generator", None)  # NumPy's generators
            if bits is not None and not isinstance(value, type):
                states.append((lambda state, bits=bits: setattr(bits, "state", state), bits.state))
            elif type(value).__name__ == "Generator" and hasattr(value, "set_state"):  # torch's
                states.append((value.set_state, value.get_state()))
        return states
