namespace Audit.Pages.Tokens;

/// <param name="Made">The token that was just made and is shown this once: its name and its text.</param>
public sealed record TokenListView(IReadOnlyList<TokenRow> Tokens, (string Name, string Text)? Made);
