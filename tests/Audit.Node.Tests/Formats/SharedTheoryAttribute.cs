namespace Audit.Node.Tests.Formats;

/// <summary>Runs where the shared inputs lie beside the checkout, or where AUDIT_TEST_FIXTURES names them.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedTheoryAttribute : TheoryAttribute
{
    public static readonly string? Folder = Find();

    public SharedTheoryAttribute()
    {
        if (Folder is null)
        {
            Skip = "The folder ../shared/fixtures does not lie beside this checkout, and AUDIT_TEST_FIXTURES names no other.";
        }
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("AUDIT_TEST_FIXTURES") is { Length: > 0 } given)
        {
            return Directory.Exists(given) ? given : null;
        }

        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Audit.Actors.sln")))
        {
            folder = folder.Parent;
        }

        var path = Path.Combine(folder?.Parent?.FullName ?? "", "shared", "fixtures");
        return Directory.Exists(path) ? path : null;
    }
}
