import ControlPlane
import HTTPServer
import JobContract
import Metrics
import Store

// What is asked for at each scrape.
extension ServiceMetrics {
  /// Shows how busy a server is.
  func watch(_ server: HTTPServer) {
    registry.collect { [weak server] in
      guard let server else { return [] }
      return [
        .value("crisp_http_connections", "Open connections.", Double(server.connectionCount)),
        .value(
          "crisp_http_streams", "Downloads and event streams under way.",
          Double(server.streamCount)),
      ]
    }
  }

  /// Shows how many lines the log has lost.
  func watch(droppedLogLines: @escaping @Sendable () -> Int) {
    registry.collect {
      [
        .value(
          "crisp_log_lines_dropped_total", "Log lines that could not be written.", kind: .counter,
          Double(droppedLogLines()))
      ]
    }
  }

  /// Shows the queue and the file of a store.
  func watch(_ store: any CompleteStore) {
    registry.collect { Self.families(of: store) }
  }

  /// Shows the models that are kept in memory for predictions.
  func watch(_ predictions: SessionCache) {
    registry.collect {
      let now = predictions.statistics
      return [
        .value(
          "crisp_prediction_models", "Models in memory for predictions.", Double(now.models)),
        .value(
          "crisp_prediction_memory_bytes", "Bytes that they and their sessions take.",
          Double(now.bytes)),
        .value(
          "crisp_prediction_model_loads_total", "Models read for predictions.", kind: .counter,
          Double(now.loads)),
        .value(
          "crisp_prediction_model_evictions_total", "Models dropped to make room.", kind: .counter,
          Double(now.evictions)),
      ]
    }
  }

  /// Shows how busy the lanes of slow work are.
  func watch(_ lanes: Lanes) {
    registry.collect {
      let all = lanes.all.map { ($0.name, $0.statistics) }
      func family(
        _ name: String, _ help: String, kind: MetricFamily.Kind = .gauge,
        _ value: (WorkLane.Statistics) -> Int
      ) -> MetricFamily {
        MetricFamily(
          name, help, kind: kind,
          samples: all.map {
            .init(labels: [.init("lane", $0.0)], value: Double(value($0.1)))
          })
      }
      return [
        family("crisp_lane_running", "Slow work under way.") { $0.running },
        family("crisp_lane_waiting", "Slow work that waits for its turn.") { $0.waiting },
        family(
          "crisp_lane_refused_total", "Slow work refused because too much waited.", kind: .counter
        ) { $0.refused },
        family(
          "crisp_lane_expired_total", "Slow work that was not done in time.", kind: .counter
        ) { $0.expired },
        family(
          "crisp_lane_cancelled_total", "Slow work whose client left.", kind: .counter
        ) { $0.cancelled },
      ]
    }
  }

  /// A database that fails must show in the metrics, not take them away.
  private static func families(of store: any CompleteStore) -> [MetricFamily] {
    func up(_ isUp: Bool) -> MetricFamily {
      .value("crisp_database_up", "Whether the database can be read.", isUp ? 1 : 0)
    }
    guard let backlog = try? store.backlog() else { return [up(false)] }
    return files(of: store) + objects(of: store) + [
      up(true),
      .value(
        "crisp_database_writable", "Whether the last thing that was written found room.",
        store.writing == .writable ? 1 : 0),
      .value(
        "crisp_datasets_missing", "Data sets whose files are missing, so that their jobs wait.",
        Double((try? MissingData.datasets(in: store).count) ?? 0)),
      .value("crisp_jobs_queued", "Jobs that wait for a worker.", Double(backlog.queued)),
      .value("crisp_jobs_running", "Jobs that a worker holds.", Double(backlog.running)),
      .value(
        "crisp_jobs_oldest_queued_age_seconds", "Time since the oldest waiting job was asked for.",
        backlog.oldestAge),
    ]
  }

  /// None where the database has all bytes. What the last call has found: asking an object store that does
  /// not answer would take longer than a scrape may.
  private static func objects(of store: any CompleteStore) -> [MetricFamily] {
    let condition = store.bytesCondition
    guard condition != .inDatabase else { return [] }
    return [
      .value(
        "crisp_object_store_up", "Whether the last request to the object store got through.",
        condition == .unusable ? 0 : 1),
      .value(
        "crisp_object_store_conditional_writes",
        "Whether the object store keeps what is there when it is stored again on that condition.",
        condition == .usableWithoutConditions ? 0 : 1),
    ]
  }

  /// None where the database is not a file of this machine.
  private static func files(of store: any CompleteStore) -> [MetricFamily] {
    guard let file = try? store.fileStatistics() else { return [] }
    return [
      .value("crisp_sqlite_file_bytes", "Size of the database file.", Double(file.databaseBytes)),
      .value("crisp_sqlite_wal_bytes", "Size of its write-ahead log.", Double(file.logBytes)),
      .value("crisp_sqlite_pages", "Pages of the database.", Double(file.pages)),
      .value(
        "crisp_sqlite_free_pages", "Pages that hold nothing and will be used again.",
        Double(file.freePages)),
    ]
  }
}
