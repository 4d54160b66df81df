"""The Java library MPXJ inside this process, and the projects that it reads."""

from functools import cache
from pathlib import Path
from typing import Any

from dcsim.errors import UnavailableError

OLDEST_JAVA = 17
INSTALL = "install a Java runtime of 17 or newer, such as Debian's openjdk-17-jre-headless, and set JAVA_HOME"


@cache
def java() -> Any:
    """The started virtual machine, as the package jpype; raises UnavailableError with what to install."""
    try:
        import jpype
        import mpxj  # noqa: F401  (names the jars)
    except ImportError:
        raise UnavailableError("such files need MPXJ and JPype: pip install 'dcsim[exchange]'") from None
    try:
        if not jpype.isJVMStarted():
            jpype.startJVM(
                *("-Djava.awt.headless=true", "-Xmx2g", "-Xrs", "-Djdk.xml.entityExpansionLimit=100"),
                *("-Djavax.xml.accessExternalDTD=", "-Djavax.xml.accessExternalSchema="),
                *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),  # half the work, as it runs for seconds
                convertStrings=True,
            )
        version = int(str(jpype.java.lang.System.getProperty("java.specification.version")).split(".")[-1])
    except (jpype.JVMNotFoundException, OSError, RuntimeError, TypeError) as error:
        raise UnavailableError(f"such files need Java, which does not start on this machine: {INSTALL}") from error
    if version < OLDEST_JAVA:
        raise UnavailableError(f"such files need Java {OLDEST_JAVA} or newer; this machine has {version}: {INSTALL}")
    return jpype


def projects(jpype: Any, path: Path, data: bytes, encoding: str) -> list[Any]:
    """The projects in a file that have activities."""
    from_bytes = jpype.java.io.ByteArrayInputStream(jpype.JArray(jpype.JByte)(data))
    readers = jpype.JPackage("org").mpxj
    suffix = path.suffix.lower()
    if suffix == ".xml":
        is_p6 = b"APIBusinessObjects" in data[:2000] or "APIBusinessObjects".encode("utf-16-le") in data[:4000]
        reader = readers.primavera.PrimaveraPMFileReader() if is_p6 else readers.mspdi.MSPDIReader()
        if is_p6:
            reader.setLinkCrossProjectRelations(True)
    elif suffix == ".xer":
        reader = readers.primavera.PrimaveraXERFileReader()
        reader.setLinkCrossProjectRelations(True)
        if encoding:
            reader.setCharset(jpype.java.nio.charset.Charset.forName(encoding))
    else:
        reader = readers.mpp.MPPReader() if suffix == ".mpp" else readers.mpx.MPXReader()
    projects = reader.readAll(from_bytes) if suffix in (".xer", ".xml") else [reader.read(from_bytes)]
    return [project for project in projects if project is not None and len(project.getTasks())]
