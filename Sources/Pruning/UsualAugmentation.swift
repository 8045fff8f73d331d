import Datasets
import Foundation
import ModelFormats
import ModelInputs

extension Augmentation {
  /// How training images are changed unless a request says otherwise: as they were when the universal
  /// model was trained, if its training note tells (`crisp train` writes it), else as it suits the
  /// model's input. Mirrored letters would teach a model of letters other ones. Nothing is shifted:
  /// measured, a run is too short to learn from that (Benchmarks/results/accuracy-tuning.md).
  public static func usual(for model: DenseModel) -> Augmentation {
    usual(training: model.training, description: model.description)
  }

  /// The same for a model of which only the head is known.
  public static func usual(for model: DenseModelHead) -> Augmentation {
    usual(training: model.training, description: model.description)
  }

  private static func usual(training: String?, description: ModelDescription) -> Augmentation {
    var usual =
      trained(note: training) ?? .standard(for: InputGeometry(description.preprocessing))
    usual.shift = 0
    return usual
  }

  /// The part of a training note that matters here; all others may be absent.
  private struct Note: Decodable {
    struct Recipe: Decodable {
      let augmentation: Augmentation
    }
    let recipe: Recipe
  }

  /// Nil for any other note, as files of other makers may have, and for changes that no recipe allows.
  private static func trained(note: String?) -> Augmentation? {
    guard let note, let read = try? JSONDecoder().decode(Note.self, from: Data(note.utf8)) else {
      return nil
    }
    let augmentation = read.recipe.augmentation
    guard (0...64).contains(augmentation.shift),
      augmentation.crop.map({ $0 > 0 && $0 <= 1 }) ?? true
    else { return nil }
    return augmentation
  }
}
