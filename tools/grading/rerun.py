"""Runs a learner's whole notebook in the jail, for its outputs; points do not depend on it.

A job comes in on stdin: `cells`, each a code or nothing, and `seconds` for one of them. What comes
out on stdout: the outputs of each cell, and a word if the run ended early.
"""

import json
import os
import sys

OUTPUT = 1_000_000  # characters of outputs kept of one cell


def main() -> dict:
    """Run the cells of the job; returns their outputs."""
    job = json.load(sys.stdin)
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    from nbformat.v4 import new_code_cell, new_notebook

    class Client(NotebookClient):
        """Keeps so much of the outputs as a person would read."""

        def process_message(self, msg: dict, cell: dict, cell_index: int) -> object:
            size = len(json.dumps(msg["content"], default=str))
            kept[cell_index] = kept.get(cell_index, 0) + size
            wanted = kept[cell_index] < OUTPUT or msg["msg_type"] == "status"
            return super().process_message(msg, cell, cell_index) if wanted else None

    kept: dict[int, int] = {}
    nb = new_notebook(cells=[new_code_cell(source or "") for source in job["cells"]])
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=os.getcwd() + "/k")
    manager.kernel_spec.argv = [
        sys.executable,
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    client = Client(nb, km=manager, timeout=job["seconds"], startup_timeout=120, allow_errors=True)
    client.iopub_timeout, client.interrupt_on_timeout = 10, True
    late = f"not done after {job['seconds']:g} seconds"
    told = {"ename": "Stopped", "evalue": late, "traceback": [late]}
    client.error_on_timeout = told
    ended = ""
    sink = open(os.devnull, "r+b")  # noqa: SIM115
    with client.setup_kernel(cwd=os.getcwd(), stdout=sink, stderr=sink):
        for index, source in enumerate(job["cells"]):
            if source is None or ended:
                continue
            try:
                client.execute_cell(nb.cells[index], index)
                if any(out.get("evalue") == late for out in nb.cells[index].outputs):
                    client.timeout, client.error_on_timeout = 20, None
                    client.execute_cell(new_code_cell("pass"), index)  # does it listen again?
                    client.timeout, client.error_on_timeout = job["seconds"], told
            except CellExecutionError:
                pass
            except Exception as error:  # noqa: BLE001 (a dead kernel, a cell without end)
                dead = isinstance(error, DeadKernelError)
                ended = f"cell {index + 1} {'ended the kernel' if dead else 'could not be stopped'}"
                client.shutdown_kernel = "immediate"
    outputs = [cell.outputs if cell.outputs else [] for cell in nb.cells]
    return {"error": "", "ended": ended, "outputs": outputs}


if __name__ == "__main__":
    channel = os.dup(1)
    os.dup2(2, 1)
    result = json.dumps(main()).encode()
    with open(channel, "wb") as reply:
        reply.write(result)
        reply.flush()
        os._exit(0)
