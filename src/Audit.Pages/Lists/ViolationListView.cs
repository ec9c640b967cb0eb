using Audit.Pages.Shared;

namespace Audit.Pages.Lists;

/// <param name="Lifted">Which are shown: null all, else only the lifted or the standing ones.</param>
public sealed record ViolationListView(ListView<ViolationModel> Violations, bool? Lifted);
