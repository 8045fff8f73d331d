import ArgumentParser
import Datasets
import Flags
import Foundation
import PersonalizationService

/// `crisp-server base-model …`
struct BaseModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Register universal models.", subcommands: [Add.self, Default.self])

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
    abstract: "Register data sets.", subcommands: [Add.self])

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
