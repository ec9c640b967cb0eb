using Audit.Pages.Shared;

namespace Audit.Pages.Lists;

/// <param name="Choices">The lists beside this one: address, name, and whether it is this one.</param>
public sealed record CallListView(
    string Title, string Explanation, ListView<CallModel> Calls, IReadOnlyList<(string Href, string Name, bool IsCurrent)> Choices);
