#if Fleet
  import Foundation

  /// A parameter of a statement, with the type that the server takes it for
  /// (`pg_type.dat`: 16 bool, 17 bytea, 20 int8, 25 text, 701 float8).
  package enum PostgresValue {
    case null
    case bool(Bool)
    case bytes(Data)
    case integer(Int64)
    case number(Double)
    case text(String)

    var type: UInt32 {
      switch self {
      case .null: 0
      case .bool: 16
      case .bytes: 17
      case .integer: 20
      case .text: 25
      case .number: 701
      }
    }

    var isBinary: Bool {
      if case .bytes = self { return true }
      return false
    }

    /// As it is sent.
    var content: [UInt8]? {
      switch self {
      case .null: nil
      case .bool(let value): [UInt8(ascii: value ? "t" : "f")]
      case .bytes(let value): Array(value)
      case .integer(let value): Array(String(value).utf8)
      case .number(let value): Array("\(value)".utf8)
      case .text(let value): Array(value.utf8)
      }
    }
  }

  /// What can be a parameter.
  protocol PostgresBindable { var postgresValue: PostgresValue { get } }

  extension Bool: PostgresBindable { var postgresValue: PostgresValue { .bool(self) } }
  extension Data: PostgresBindable { var postgresValue: PostgresValue { .bytes(self) } }
  extension Int: PostgresBindable { var postgresValue: PostgresValue { .integer(Int64(self)) } }
  extension Int64: PostgresBindable { var postgresValue: PostgresValue { .integer(self) } }
  extension Double: PostgresBindable { var postgresValue: PostgresValue { .number(self) } }
  extension String: PostgresBindable { var postgresValue: PostgresValue { .text(self) } }
#endif
