import Foundation
import Testing

@Suite struct RoomsTests {
  private static let rooms = Dictionary(uniqueKeysWithValues: Rooms.table.map { ($0.name, $0) })

  /// What is wrong with the imports of files, one line for each.
  private func faults(_ files: [SourceFile]) -> [String] {
    files.flatMap { file -> [String] in
      guard let room = Self.rooms[file.room] else {
        return ["\(file.path): the room has no row in Rooms.table"]
      }
      return file.imports.subtracting(Rooms.system).sorted().compactMap { module in
        if !room.uses.contains(module) {
          return "\(file.path) imports \(module), which is no arrow of Rooms.table"
        }
        if let owners = Rooms.owners[module], !owners.contains(room.name) {
          return "\(file.path) imports \(module), which belongs to \(owners.sorted())"
        }
        return nil
      }
        + file.imports.intersection(Rooms.sockets).sorted().compactMap { module in
          room.name == "ControlPlane" || room.name == "WebPage"
            ? "\(file.path) imports \(module): no sockets here" : nil
        }
    }
  }

  /// All that a room reaches, by the arrows that its files really have.
  private func reach(_ room: String, _ files: [SourceFile]) -> Set<String> {
    var arrows: [String: Set<String>] = [:]
    for file in files { arrows[file.room, default: []].formUnion(file.imports) }
    var found: Set<String> = []
    var open = [room]
    while let next = open.popLast() {
      for module in arrows[next] ?? [] where found.insert(module).inserted { open.append(module) }
    }
    return found
  }

  @Test func everyImportIsAnArrowOfTheTable() throws {
    let files = try SourceFile.all()
    #expect(files.count > 300)
    #expect(faults(files) == [])
    #expect(Set(files.map(\.room)) == Set(Self.rooms.keys), "a row without a room")
  }

  @Test func noArrowOfTheTableRunsBack() {
    for (index, room) in Rooms.table.enumerated() {
      for used in room.uses {
        guard let other = Rooms.table.firstIndex(where: { $0.name == used }) else { continue }
        #expect(
          Rooms.table[other].column.rawValue <= room.column.rawValue,
          "\(room.name) uses \(used), which stands to its right")
        #expect(other < index, "\(room.name) uses \(used), which stands below it")
      }
    }
  }

  /// The table allows what somebody needs, not what somebody might.
  @Test func everyArrowOfTheTableIsUsed() throws {
    let files = try SourceFile.all()
    for room in Rooms.table {
      let used = files.filter { $0.room == room.name }.reduce(into: Set<String>()) {
        $0.formUnion($1.imports)
      }
      #expect(room.uses.subtracting(used) == [], "\(room.name)")
    }
  }

  /// What Package.swift lets a room use is what its row says, and nothing that nobody imports.
  @Test func thePackageHasTheArrowsOfTheTable() throws {
    let package = try PackageManifest()
    for room in Rooms.table {
      let target = try #require(package.targets[room.name], "\(room.name) is not a target")
      #expect(target.subtracting(Rooms.linked) == room.uses, "\(room.name)")
    }
  }

  @Test(arguments: Rooms.unreachable)
  func whatMustNotLeakIsNotReached(room: String, module: String) throws {
    #expect(try !reach(room, SourceFile.all()).contains(module))
  }

  /// Only shorter: whoever frees a file strikes it from the list.
  @Test func fewerFilesOfTheRuntimeNeedFoundation() throws {
    let runtime = Set(Rooms.table.filter { $0.column == .runtime }.map(\.name))
    let found = try SourceFile.all().filter { file in
      runtime.contains(file.room)
        && file.imports.contains { $0.hasPrefix("Foundation") || $0 == "Dispatch" }
    }
    #expect(Set(found.map(\.path)) == Rooms.runtimeWithFoundation)
  }

  @Test func theControlPlaneReachesOneDNNThroughFewerRooms() throws {
    let files = try SourceFile.all()
    let ways = files.filter { $0.room == "ControlPlane" }.flatMap(\.imports).filter {
      reach($0, files).contains("COneDNN")
    }
    #expect(Set(ways) == Rooms.controlPlaneToOneDNN)
  }

  // MARK: That the test sees what it is there for

  @Test func importsAreReadInEveryForm() {
    let text = """
      // import Comment
      @testable import One
      @preconcurrency public import Two
      #if canImport(Three)
        import Three
      #endif
      import struct Four.Member
      import Five; import Six // import Seven
      let text = "import Eight"
      """
    #expect(SourceFile.imports(in: text) == ["One", "Two", "Three", "Four", "Five", "Six"])
  }

  @Test(arguments: [
    ("JobWorker", "HTTPServer"), ("JobWorker", "HTTPTypes"), ("ControlPlane", "COneDNN"),
    ("ControlPlane", "Training"), ("ControlPlane", "Glibc"), ("WebPage", "CSystem"),
    ("ControlPlane", "GRDB"), ("JobWorker", "GRDBSQLite"), ("ControlPlane", "JobWorker"),
    ("NeuralGraph", "Datasets"), ("SparseRuntime", "Training"), ("Pruning", "Store"),
    ("HTTPServer", "ServiceAPI"), ("Pruning", "COneDNN"), ("NewRoom", "Foundation"),
  ])
  func anImportThatRunsBackIsFound(room: String, module: String) {
    let file = SourceFile(room: room, path: "\(room)/File.swift", text: "import \(module)")
    #expect(faults([file]).count >= 1)
  }
}
