import ServiceAPI

/// The form that asks for a tailored model. It works without the script, which only makes it nicer.
package struct RequestForm {
  private let baseModels: [BaseModelResource]
  private let chosen: BaseModelResource?
  private let user: String?

  /// A form for the classes of one base model.
  /// - Parameter user: who asks, if that is known; nil lets the person say.
  package init(_ baseModels: [BaseModelResource], chosen: String?, user: String?) {
    self.baseModels = baseModels
    self.chosen =
      baseModels.first { $0.name == chosen } ?? baseModels.first(where: \.isDefault)
      ?? baseModels.first
    self.user = user
  }

  /// The form.
  package var html: HTML {
    guard let chosen else {
      return """
        <p class="empty">No base model is registered on this server yet. Its operator can add one: \
        the server's log says how.</p>
        """
    }
    return """
      \(choice(chosen))
      <form id="request-form" method="post" action="/" class="stack">
      <input type="hidden" name="base_model" value="\(chosen.name)">
      <fieldset>
      <legend>Classes</legend>
      <p class="tools" hidden><label class="unseen" for="find">Find a class</label>
      <input id="find" type="search" placeholder="Find a class" autocomplete="off">
      <button type="button" class="quiet" id="clear">Clear</button></p>
      <ul class="classes" role="list">\(
        chosen.labels.prefix(Self.mostClasses).enumerated().map(option))</ul>\(rest(of: chosen))
      <p class="note">A weight says how much a class matters beside the others.</p>
      </fieldset>
      <p><label for="sparsity">Sparsity</label>
      <output for="sparsity" id="sparsity-value" hidden></output>
      <input id="sparsity" name="sparsity" type="range" min="50" max="98" step="1" value="90" \
      aria-describedby="sparsity-note">
      <span class="ends" aria-hidden="true"><span>50 %: more accurate</span>\
      <span>98 %: smaller</span></span>
      <span class="note" id="sparsity-note">The share of weights that become zero.</span></p>
      <p><label for="user">Your name</label>
      <input id="user" name="user" required maxlength="256" autocomplete="username" \
      value="\(user ?? "")"\(user == nil ? "" : " readonly")></p>
      <p id="form-error" class="error" role="alert"></p>
      <p><button type="submit">Tailor a model</button></p>
      </form>
      """
  }

  /// Classes that the form offers: as many as ImageNet has. More are found by nobody, and would take
  /// megabytes for every visitor.
  private static let mostClasses = 1000

  private func rest(of model: BaseModelResource) -> HTML? {
    let count = model.labels.count - Self.mostClasses
    guard count > 0 else { return nil }
    return "<p class=\"note\">And \(count) more, for programs: GET /base-models lists them.</p>"
  }

  private func choice(_ chosen: BaseModelResource) -> HTML? {
    guard baseModels.count > 1 else {
      return "<p class=\"note\">Made from \(.name(chosen.name)), a \(.name(chosen.architecture)) "
        + "trained on \(.name(chosen.dataset)).</p>"
    }
    let options = baseModels.map { model -> HTML in
      "<option value=\"\(model.name)\"\(model.name == chosen.name ? " selected" : "")>"
        + "\(model.name)</option>"
    }
    return """
      <form id="base-form" method="get" action="/" class="row">
      <label for="base-model">Base model</label>
      <select id="base-model" name="base_model">\(options)</select>
      <button type="submit" class="quiet">Choose</button></form>
      """
  }

  private func option(_ index: Int, _ label: String) -> HTML {
    """
    <li><input type="checkbox" id="class-\(index)" name="class" value="\(label)">\
    <label for="class-\(index)">\(.name(label))</label>\
    <input type="number" name="weight-\(index)" value="1" min="0.1" max="100" step="any" \
    aria-label="Weight of \(label)"></li>
    """
  }
}
