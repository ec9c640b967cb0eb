using Audit.Projections.Models;

namespace Audit.Projections.Language;

/// <summary>A value after a key.</summary>
internal sealed record SearchValue(string Text, bool IsQuoted, int Offset, int Length)
{
    /// <summary>In quotes an asterisk is an asterisk.</summary>
    public bool IsGlob => !IsQuoted && Text.AsSpan().ContainsAny('*', '?');

    public bool Matches(string? value) => value is not null && (IsGlob ? Glob.Matches(Text, value) : value == Text);
}
