enum SparseRuntimePlaceholder {}
