import CLibCrisp
import FoundationEssentials
import ModelFormats
import SparseRuntime

// The C interface; libcrisp.h says what holds. The compiler checks each function against the header.

/// Opens a file by its path.
@c @implementation
public func crisp_open(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<crisp_options>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<crisp_error>?
) -> crisp_status {
  open(options, model, error) { () throws(LibraryError) in
    guard let path else { throw .argument(code: "null_argument", "path is NULL") }
    guard let path = String(validatingCString: path), !path.isEmpty else {
      throw .argument(code: "invalid_path", "path is empty or not UTF-8")
    }
    do throws(FormatError) {
      return try PackedModel(contentsOf: URL(fileURLWithPath: path))
    } catch {
      if case .unreadable = error { throw .format(error) }
      throw .format(.inFile(path: path, error))
    }
  }
}

/// Opens a file that is in memory; its bytes are copied.
@c @implementation
public func crisp_open_memory(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ options: UnsafePointer<crisp_options>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<crisp_error>?
) -> crisp_status {
  open(options, model, error) { () throws(LibraryError) in
    guard let bytes else { throw .argument(code: "null_argument", "bytes is NULL") }
    // A size_t beyond Int.max arrives as a negative number.
    guard size >= 0 else { throw .argument(code: "invalid_size", "size is out of range") }
    do throws(FormatError) {
      return try PackedModel(data: Data(bytes: bytes, count: size))
    } catch {
      throw .format(error)
    }
  }
}

/// Fills in what the model expects and answers.
@c @implementation
public func crisp_describe(
  _ model: OpaquePointer?, _ description: UnsafeMutablePointer<crisp_description>?
) -> crisp_status {
  Handle.call(model) { handle throws(LibraryError) in
    guard let description else {
      throw .argument(code: "null_argument", "description is NULL")
    }
    description.initialize(to: handle.description)
  }
}

/// Scores of images that are normalised.
@c @implementation
public func crisp_run(
  _ model: OpaquePointer?, _ images: UnsafePointer<Float>?, _ imageValues: Int,
  _ scores: UnsafeMutablePointer<Float>?, _ scoreValues: Int
) -> crisp_status {
  Handle.call(model) { handle throws(LibraryError) in
    guard let images else { throw .argument(code: "null_argument", "images is NULL") }
    let count = try handle.imageCount(values: imageValues)
    let target = try handle.scores(scores, scoreValues, images: count)
    try handle.run(UnsafeBufferPointer(start: images, count: imageValues), count, target)
  }
}

/// Scores of 8-bit pictures.
@c @implementation
public func crisp_run_pixels(
  _ model: OpaquePointer?, _ pixels: UnsafePointer<UInt8>?, _ pixelValues: Int,
  _ scores: UnsafeMutablePointer<Float>?, _ scoreValues: Int
) -> crisp_status {
  Handle.call(model) { handle throws(LibraryError) in
    guard let pixels else { throw .argument(code: "null_argument", "pixels is NULL") }
    let count = try handle.imageCount(values: pixelValues)
    let target = try handle.scores(scores, scoreValues, images: count)
    let images = try handle.normalized(UnsafeBufferPointer(start: pixels, count: pixelValues))
    let result = images.withUnsafeBufferPointer { source in
      Result { () throws(LibraryError) in try handle.run(source, count, target) }
    }
    try result.get()
  }
}

/// Why the last call with the handle failed.
@c @implementation
public func crisp_last_error(
  _ model: OpaquePointer?, _ error: UnsafeMutablePointer<crisp_error>?
) -> crisp_status {
  // Not through `Handle.call`: asking for the error must not replace it.
  guard let handle = Handle.of(model), let error else { return CRISP_INVALID_ARGUMENT }
  write(handle.lastError, to: error)
  return CRISP_OK
}

/// Gives the handle back.
@c @implementation
public func crisp_close(_ model: OpaquePointer?) -> crisp_status {
  if let model { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(model)).release() }
  return CRISP_OK
}

/// What both ways of opening have in common.
private func open(
  _ options: UnsafePointer<crisp_options>?, _ target: UnsafeMutablePointer<OpaquePointer?>?,
  _ failure: UnsafeMutablePointer<crisp_error>?,
  read: () throws(LibraryError) -> PackedModel
) -> crisp_status {
  target?.pointee = nil
  do throws(LibraryError) {
    guard let target else { throw .argument(code: "null_argument", "model is NULL") }
    let settings = try Settings(options?.pointee)
    let handle = try Handle(read(), settings)
    target.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
    return CRISP_OK
  } catch {
    if let failure { write(error, to: failure) }
    return error.status
  }
}
