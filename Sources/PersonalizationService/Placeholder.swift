enum PersonalizationServicePlaceholder {}
