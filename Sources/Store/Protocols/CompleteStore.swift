/// Everything that the service needs of a store. What keeps it, one file or a database server, is for
/// whoever opens it to know.
public protocol CompleteStore:
  AdministeredStore, BlobStore, ChangeNotifier, JobQueue, MaintainedStore, ModelCatalog,
  ObservedStore, SpeedRegistry,
  TokenRegistry, UserDirectory
{}
