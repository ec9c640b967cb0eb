using System.Diagnostics;

namespace Audit.Integrity.Tests.Go;

/// <summary>Builds and runs the verifier in Go, from what Debian installs and without any network.</summary>
internal static class GoProgram
{
    private const string Sources = "/usr/share/gocode";
    private const string Package = Sources + "/src/golang.org/x/mod/sumdb/tlog";

    private static readonly string? Compiler =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, "go"))
            .FirstOrDefault(File.Exists);

    /// <summary>Why it cannot be built here, or null when it can.</summary>
    public static string? Unavailable { get; } =
        Compiler is null ? "no Go: there is no go on PATH (Debian: golang-go)"
        : !Directory.Exists(Package) ? $"no {Package} (Debian: golang-golang-x-mod-dev)"
        : null;

    /// <summary>Builds the program into a directory, which also takes the compiler's cache.</summary>
    public static string Build(TemporaryDirectory directory)
    {
        var program = directory.File("verify");
        var build = new ProcessStartInfo(Compiler!, ["build", "-o", program, Path.Combine(AppContext.BaseDirectory, "Go", "verify.go")])
        {
            WorkingDirectory = directory.Path,
            Environment =
            {
                ["GO111MODULE"] = "off",
                ["GOPATH"] = Sources,
                ["GOCACHE"] = directory.File("cache"),
                ["GOFLAGS"] = "",
                ["GOTOOLCHAIN"] = "local",
            },
        };
        var (code, output) = Run(build);
        Assert.True(code == 0, output);
        return program;
    }

    public static (int Code, string Output) Run(string program, params string[] arguments) =>
        Run(new ProcessStartInfo(program, arguments));

    private static (int Code, string Output) Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
