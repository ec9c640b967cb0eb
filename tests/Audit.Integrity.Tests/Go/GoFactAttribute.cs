namespace Audit.Integrity.Tests.Go;

/// <summary>A fact that needs Go and its module packages, skipped with the reason where they are not.</summary>
public sealed class GoFactAttribute : FactAttribute
{
    public GoFactAttribute() => Skip = GoProgram.Unavailable;
}
