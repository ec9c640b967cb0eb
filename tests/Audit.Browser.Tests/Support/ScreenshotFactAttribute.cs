namespace Audit.Browser.Tests.Support;

/// <summary>A fact that takes pictures instead of testing; it runs when it is told where to put them.</summary>
public sealed class ScreenshotFactAttribute : FactAttribute
{
    public const string Variable = "AUDIT_SCREENSHOTS";

    public ScreenshotFactAttribute() =>
        Skip = Chromium.Unavailable ?? (Folder is null ? $"Pictures are taken by docs/screenshots.sh, which sets {Variable}." : null);

    public static string? Folder => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;
}
