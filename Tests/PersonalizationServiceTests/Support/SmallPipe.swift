import Foundation
import Testing

extension Pipe {
  /// A pipe that is full after one page (fcntl(2), F_SETPIPE_SZ, which Glibc's module leaves out).
  static func ofOnePage() throws -> Pipe {
    let setSize: Int32 = 1031
    let pipe = Pipe()
    try #require(fcntl(pipe.fileHandleForWriting.fileDescriptor, setSize, 4096) > 0)
    return pipe
  }
}
