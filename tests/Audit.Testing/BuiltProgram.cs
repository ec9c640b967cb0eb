namespace Audit.Testing;

/// <summary>Programs of this checkout, as they were built with whoever runs.</summary>
public static class BuiltProgram
{
    /// <summary>The node and its command line.</summary>
    public static string Node => Of("src/Audit.Node", "audit.dll");

    /// <summary>The checkout.</summary>
    public static string Root
    {
        get
        {
            // <folder>/<project>/bin/<configuration>/<framework>/
            return Here.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        }
    }

    private static DirectoryInfo Here => new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    /// <param name="framework">Of a program that is built for several.</param>
    public static string Of(string project, string file, string? framework = null) =>
        Path.Combine(Root, project, "bin", Here.Parent!.Name, framework ?? Here.Name, file);
}
