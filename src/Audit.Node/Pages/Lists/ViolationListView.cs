using Audit.Node.Pages.Shared;

namespace Audit.Node.Pages.Lists;

/// <param name="Lifted">Which are shown: null all, else only the lifted or the standing ones.</param>
public sealed record ViolationListView(ListView<ViolationModel> Violations, bool? Lifted);
