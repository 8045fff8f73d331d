import Charts
import ServiceAPI

/// A model card as pictures: what each layer keeps, and how accuracy went as sparsity grew.
package enum CardCharts {
  /// Both charts of a card.
  package static func charts(of card: ModelCard) -> ModelCard.Charts {
    ModelCard.Charts(layerDensity: layerDensity(card), accuracy: accuracy(card))
  }

  private static func layerDensity(_ card: ModelCard) -> String {
    ColumnChart(
      title: "Weights kept in each layer", subtitle: names(card),
      categories: card.sparsity.layers.map(\.name), categoryLabel: "layers",
      valueLabel: "weights kept", backdropLabel: "takes no part in pruning",
      rows: [
        ColumnChart.Row(
          "",
          columns: card.sparsity.layers.map {
            ColumnChart.Column(1 - $0.sparsity, isBackdrop: $0.reason != nil)
          })
      ]
    ).svg()
  }

  private static func accuracy(_ card: ModelCard) -> String {
    LineChart(
      title: "Accuracy of each iteration", subtitle: names(card),
      horizontal: Axis("sparsity of the prunable layers", format: .percent),
      vertical: Axis("accuracy on the validation split", format: .percent),
      series: [
        LineChart.Series(
          "iterations",
          points: (card.iterations ?? []).compactMap { iteration in
            iteration.validationAccuracy.map {
              LineChart.Point(x: iteration.sparsity, mean: $0)
            }
          })
      ]
    ).svg()
  }

  private static func names(_ card: ModelCard) -> String {
    card.classes.map(\.name).joined(separator: ", ")
  }
}
