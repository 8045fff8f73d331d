enum PersonalizationClientPlaceholder {}
