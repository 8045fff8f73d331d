import ArgumentParser
import Datasets
import Flags
import Foundation
import PersonalizationService

/// `crisp-server base-model …`
struct BaseModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Register, replace and remove universal models.",
    subcommands: [Add.self, Default.self, List.self, Remove.self, Replace.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List base models, with what was made of them.",
      discussion: "Example: crisp-server base-model list --db crisp.sqlite")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let models = try Administration(existing: database.database, for: .writing).baseModels()
      try output.print(models) {
        models.isEmpty ? "no base models" : models.map(\.text).joined(separator: "\n")
      }
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a base model that no job and no model needs.",
      discussion: """
        Example: crisp-server base-model remove --db crisp.sqlite mine

        Finished jobs without a model and versions of users' profiles that are about it go with it.
        """)

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The base model's name.") var name: String
    @Flag(help: "Delete the models that were made of it, too, whoever has them.")
    var withModels = false

    func run() throws {
      let administration = try Administration(existing: database.database, for: .writing)
      print(try administration.removeBaseModel(name: name, withModels: withModels))
    }
  }

  struct Replace: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Put another file in the place of a base model that no waiting or running job needs.",
      discussion: """
        Example: crisp-server base-model replace --db crisp.sqlite mine better.safetensors

        It stays one of its data set. Models that were made of the old file stay; the same request is \
        another one now.
        """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup(title: "Object store") var objects: ObjectPlaceOptions
    @Argument(help: "The base model's name.") var name: String
    @Argument(help: "The model file.") var file: String
    @Option(
      help: "The architecture's name, when the file does not say or a state dict fits several.")
    var arch: String?

    func run() throws {
      let administration = try Administration(
        existing: database.database, for: .writing,
        objects: objects.value(cacheIn: Service.Configuration.cacheFolder))
      print(try administration.replaceBaseModel(name: name, file: file, architecture: arch))
    }
  }

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register a dense model for a registered data set.",
      discussion: """
        Example: crisp-server base-model add --db crisp.sqlite mine universal.safetensors \
        --dataset fashion-mnist

        A torchvision state dict, saved with safetensors.torch.save_file, is accepted too when it \
        has as many scores as the data set has classes.
        """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup(title: "Object store") var objects: ObjectPlaceOptions
    @Argument(help: "The name requests will use.") var name: String
    @Argument(help: "The model file.") var file: String
    @Option(help: "The data set it belongs to.") var dataset: String
    @Option(
      help: "The architecture's name, when the file does not say or a state dict fits several.")
    var arch: String?

    func run() throws {
      let added = try Administration(
        database: database.database,
        objects: objects.value(cacheIn: Service.Configuration.cacheFolder)
      )
      .addBaseModel(name: name, file: file, dataset: dataset, architecture: arch)
      print(added)
    }
  }

  struct Default: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show or choose the base model of requests that name none.",
      discussion: """
        Example: crisp-server base-model default --db crisp.sqlite mine

        It is the first that was registered until another is chosen. A running server takes the \
        new one at once.
        """)

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The base model to choose; without a name the present one is shown.")
    var name: String?

    func run() throws {
      let administration = try Administration(existing: database.database, for: .writing)
      if let name { try administration.setDefaultBaseModel(name) }
      print(try administration.defaultBaseModel() ?? "no base model is registered")
    }
  }
}

/// `crisp-server dataset …`
struct Dataset: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Register, move and remove data sets.",
    subcommands: [Add.self, List.self, Move.self, Remove.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List data sets, with where they are and which base models need them.",
      discussion: "Example: crisp-server dataset list --db crisp.sqlite")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let datasets = try Administration(existing: database.database, for: .writing).datasets()
      try output.print(datasets) {
        datasets.isEmpty ? "no data sets" : datasets.map(\.text).joined(separator: "\n")
      }
    }
  }

  struct Move: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that a data set is at another place; reads all of its files there.",
      discussion: """
        Example: crisp-server dataset move --db crisp.sqlite imagenet /new/imagenet

        The content has to be the same, by its digest. Move or copy the files before; jobs that run keep \
        what they have read.
        """)

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The data set's name.") var name: String
    @Argument(help: "The folder or .npz file where it is now.") var path: String

    func run() throws {
      let administration = try Administration(existing: database.database, for: .writing)
      print(try administration.moveDataset(name: name, to: path))
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a data set that no base model needs; its files stay.",
      discussion: "Example: crisp-server dataset remove --db crisp.sqlite imagenet")

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The data set's name.") var name: String

    func run() throws {
      let administration = try Administration(existing: database.database, for: .writing)
      print(try administration.removeDataset(name: name))
    }
  }

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register a data set; reads all of its files.",
      discussion: """
        Example: crisp-server dataset add --db crisp.sqlite imagenet /data/imagenet \
        --labels LOC_synset_mapping.txt

        A folder holds IDX files, CIFAR's binary files, or pictures (PNG, JPEG, WebP, BMP, GIF) as \
        train/CLASS/FILE and test/CLASS/FILE, perhaps also val/CLASS/FILE. With 'train' and 'val' \
        alone, 'val' is the test split and a tenth of 'train' validates. A file holds NumPy's arrays \
        xtr, ytr, xte, yte (or x_train …), perhaps also classes, as numpy.savez writes them.

        With --objects all files are put there, and workers need no copy of their own; without, the \
        path has to lead to them wherever jobs run.
        """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup(title: "Object store") var objects: ObjectPlaceOptions
    @Argument(help: "The name base models will use.") var name: String
    @Argument(help: "The folder or .npz file.") var path: String
    @Option(help: DatasetFormatHelp.text("the data set"))
    var format: DatasetFormat?
    @Option(help: "A file of class names: one a line, or 'FOLDER NAME' a line.")
    var labels: String?

    func run() throws {
      let added = try Administration(
        database: database.database,
        objects: objects.value(cacheIn: Service.Configuration.cacheFolder)
      )
      .addDataset(name: name, path: path, format: format, labels: labels)
      print(added)
    }
  }
}
