enum PruningPlaceholder {}
