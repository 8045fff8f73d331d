import ModelFormats
public enum RuntimeError: Error { case a }
public final class Session {
  public init(model: PackedModel, batchCapacity: Int, threads: Int = 1) throws {}
  public func run(images: [Float], count: Int) throws -> [Float] { [] }
}
