namespace Audit.Browser.Tests.Support;

/// <summary>The browser of the system: none is downloaded.</summary>
internal static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    public static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .Where(folder => folder.Length > 0)
        .SelectMany(folder => Names.Select(name => System.IO.Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    /// <summary>Why tests that need it cannot run; null where they can.</summary>
    public static string? Unavailable => Path is null ? $"There is no browser: none of {string.Join(", ", Names)} is on PATH." : null;
}
