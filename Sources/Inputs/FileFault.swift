#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a file cannot be read, in the system's words: Foundation's errors say "could not be completed".
public enum FileFault {
  /// Asked again when reading has failed, as the end of a sentence about the file.
  public static func reading(_ path: String) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return String(cString: strerror(errno)) }
    if status.st_mode & S_IFMT == S_IFDIR { return "it is a folder; name a file in it" }
    guard access(path, R_OK) == 0 else { return String(cString: strerror(errno)) }
    return "it cannot be read to its end"
  }
}
