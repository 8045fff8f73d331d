import NeuralGraph

/// Channels, rows and columns of an image: what a network reads.
public typealias ImageShape = ActivationShape
