import CLibCrisp

/// `crisp_options` with the defaults filled in.
struct Settings {
  let batchCapacity, threads: Int

  /// Nil, as zeros, means the defaults. The session checks the ranges.
  init(_ options: crisp_options?) throws(LibraryError) {
    let options = options ?? crisp_options()
    let reserved = withUnsafeBytes(of: options.reserved) { $0.allSatisfy { $0 == 0 } }
    guard reserved else {
      throw .argument(
        code: "reserved_option", "options.reserved is not zero; set all options to {0} first")
    }
    batchCapacity = max(1, Int(options.batch_capacity))
    threads = max(1, Int(options.threads))
  }
}
