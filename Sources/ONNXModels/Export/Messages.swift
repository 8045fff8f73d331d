import Foundation

extension ONNXAttribute {
  static func integer(_ name: String, _ value: Int) -> ONNXAttribute {
    ONNXAttribute(name, type: 2) { $0.i = Int64(value) }
  }

  static func integers(_ name: String, _ values: [Int]) -> ONNXAttribute {
    ONNXAttribute(name, type: 7) { $0.ints = values.map(Int64.init) }
  }

  static func float(_ name: String, _ value: Float) -> ONNXAttribute {
    ONNXAttribute(name, type: 1) { $0.f = value }
  }

  private init(_ name: String, type: Int32, _ fill: (inout ONNXAttribute) -> Void) {
    self.init()
    self.name = name
    self.type = type
    fill(&self)
  }
}

extension ONNXTensor {
  static func floats(_ name: String, shape: [Int], _ values: [Float]) -> ONNXTensor {
    ONNXTensor(name, shape, .float, values.withUnsafeBytes { Data($0) })
  }

  static func integers(_ name: String, _ values: [Int]) -> ONNXTensor {
    ONNXTensor(name, [values.count], .int64, values.withUnsafeBytes { Data($0) })
  }

  /// `data` in little-endian order, as every machine Swift runs on has it.
  private init(_ name: String, _ shape: [Int], _ type: TensorType, _ data: Data) {
    self.init()
    self.name = name
    dims = shape.map(Int64.init)
    dataType = type.rawValue
    rawData = data
  }
}

extension ONNXValueInfo {
  /// [N, sides…] of 32-bit floats.
  static func floats(_ name: String, batchOf sides: [Int]) -> ONNXValueInfo {
    var batch = ONNXDimension()
    batch.dimParam = "N"
    var info = ONNXValueInfo()
    info.name = name
    info.type.tensorType.elemType = TensorType.float.rawValue
    info.type.tensorType.shape.dim =
      [batch]
      + sides.map { side in
        var dimension = ONNXDimension()
        dimension.dimValue = Int64(side)
        return dimension
      }
    return info
  }
}
