import Foundation
import PostgresStore
import Store

// Workers without work, on a database that is there: what the queue itself takes.
//
//   fleet-queue cycles URI WORKERS SECONDS           claim, heartbeat, publish, as fast as it goes
//   fleet-queue drain URI WORKERS MEAN-MILLISECONDS [PLOT.svg]
//                                                    until no job is left; each sleeps as if it trained
//
// Prints one JSON object.
let words = CommandLine.arguments
guard (5...6).contains(words.count), let workers = Int(words[3]), (1...10_000).contains(workers),
  let amount = Double(words[4]), (0.001...1e6).contains(amount)
else {
  FileHandle.standardError.write(
    Data("usage: fleet-queue cycles|drain URI WORKERS AMOUNT [PLOT.svg]\n".utf8))
  exit(64)
}
var configuration = PostgresStore.Configuration()
// As many as PostgreSQL has by default, where there are that many workers.
configuration.connections = min(workers, 64)
configuration.patience = 60
let store = try PostgresStore(words[2], configuration: configuration)
switch words[1] {
case "cycles": try Cycles(store: store, workers: workers).run(seconds: amount)
case "drain":
  try Drain(store: store, workers: workers).run(
    milliseconds: amount, plot: words.count > 5 ? words[5] : nil)
default: exit(64)
}
