"""What runs in a function's process before AWS's runtime interface client takes over.

Started as ``python -I -S bootstrap.py SETTINGS``: no site-packages, no PYTHON* variables. Uses nothing but
the standard library, and as little of that as it can, because every import is part of the cold start.

``SETTINGS`` is JSON: ``opt`` (folder of the layers, as the function sees it), ``watch`` (file descriptor),
``unset`` (names of variables to remove) and ``sandbox``: null, or what to mount where Lambda has it:
``task``, ``opt``, ``tmp`` (folders of this machine), ``runtime`` (module name to path), ``hide`` (folders)
and ``keep`` (folders to show all the same).
"""

import json
import os
import sys

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MS_NOATIME, MS_NODIRATIME, MS_RELATIME = 1024, 2048, 1 << 21
# statvfs says "relatime" with another bit than mount() wants.
ST_RELATIME = 4096


def main() -> None:
    """Build the function's world and hand over to awslambdaric; returns only by exiting."""
    settings = json.loads(sys.argv[1])
    if settings["sandbox"]:
        build_root(settings["sandbox"])
    if settings.get("probe"):
        return
    _end_with_the_server(settings["watch"])
    for name in settings["unset"]:
        os.environ.pop(name, None)
    task, opt = os.environ["LAMBDA_TASK_ROOT"], settings["opt"]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    runtime_dir = os.environ["LAMBDA_RUNTIME_DIR"]
    extra = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path and path != runtime_dir]
    sys.path[:] = [
        task,
        f"{opt}/python/lib/{version}/site-packages",
        f"{opt}/python",
        *extra,
        runtime_dir,
        *(path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))),
    ]
    sys.argv = [f"{runtime_dir}/bootstrap.py", os.environ.get("_HANDLER", "")]
    os.chdir(task)
    import site

    site.setquit()
    _run()


def _run() -> None:
    from awslambdaric import bootstrap
    from awslambdaric.lambda_config import LambdaConfigProvider
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

    class Client(LambdaRuntimeClient):  # type: ignore[misc]
        """Reports failed initialization below this environment's own path of the Runtime API."""

        def call_rapid(self, method: str, endpoint: str, *args: object, **kwargs: object) -> None:
            _, _, prefix = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
            super().call_rapid(method, f"/{prefix}{endpoint}", *args, **kwargs)

    config = LambdaConfigProvider(sys.argv)
    address = config.api_address.partition("/")[0]
    bootstrap.run(config.handler, Client(address, config.use_thread_polling))


def _end_with_the_server(watch: int) -> None:
    """End this process and its children when the server is gone, however it went.

    The server holds the only writing end of the pipe; reading returns when the system closes it.
    """
    import _thread
    import signal

    def wait() -> None:
        os.read(watch, 1)
        os.killpg(0, signal.SIGKILL)

    os.set_inheritable(watch, False)
    _thread.start_new_thread(wait, ())


def build_root(settings: dict) -> None:
    """Enter new user and mount namespaces in which Lambda's folders are where Lambda has them.

    A tmpfs becomes the root; everything of the real root is bound into it, apart from the folders that
    are replaced (``/var/task``, ``/var/runtime``, ``/opt``, ``/tmp``) and those that are hidden (homes).

    :raises OSError: where the system does not allow it; nothing has been started by then
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
        arguments = [text.encode() if text is not None else None for text in (source, target, kind)]
        if libc.mount(*arguments, ctypes.c_ulong(flags), None):
            number = ctypes.get_errno()
            raise OSError(number, f"mount {target}: {os.strerror(number)}")

    user, group = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    # Opened in the new namespace, because only its own mounts can be bound, and before anything hides them.
    replaced: dict[str, int | None] = dict.fromkeys(settings["hide"])
    for path in settings["keep"]:
        if any(_below(path, hidden) for hidden in (*replaced, "/tmp", "/opt")):
            replaced[path] = os.open(path, os.O_PATH)
    replaced |= {
        "/var/task": os.open(settings["task"], os.O_PATH),
        "/opt": os.open(settings["opt"], os.O_PATH),
        "/tmp": os.open(settings["tmp"], os.O_PATH),
        "/var/runtime": None,
    }
    for name, path in settings["runtime"].items():
        replaced[f"/var/runtime/{name}"] = os.open(path, os.O_PATH)
    # The new root is put together in /tmp, where every system has a folder.
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV)
    root = "/tmp"

    def bind(source: str, target: str, directory: bool) -> None:
        if directory:
            os.makedirs(target, exist_ok=True)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        mount(source, target, None, MS_BIND | MS_REC)

    def mirror(folder: str) -> None:
        for entry in os.scandir(folder):
            path = entry.path
            if path in replaced:
                continue
            if entry.is_symlink():
                os.symlink(os.readlink(path), root + path)
            elif any(_below(other, path) for other in replaced):
                os.makedirs(root + path, exist_ok=True)
                mirror(path)
            elif entry.is_dir() or entry.is_file():
                bind(path, root + path, entry.is_dir())

    mirror("/")
    # Outer folders first, so that what lies inside them is mounted over them.
    for path, descriptor in sorted(replaced.items()):
        if descriptor is None:
            os.makedirs(root + path, exist_ok=True)
            continue
        source = f"/proc/self/fd/{descriptor}"
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        bind(source, root + path, os.path.isdir(source))
        os.close(descriptor)
    for path in ("/var/task", "/opt"):
        flags = os.statvfs(root + path).f_flag
        locked = flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)
        locked |= MS_RELATIME if flags & ST_RELATIME else 0
        mount(None, root + path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | locked)
    os.chroot(root)
    os.chdir("/")


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main()
