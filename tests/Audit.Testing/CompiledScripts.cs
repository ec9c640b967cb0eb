using System.Diagnostics;

namespace Audit.Testing;

/// <summary>The client of TypeScript with its driver and its example, compiled once for whoever runs them.</summary>
public static class CompiledScripts
{
    /// <summary>The folder of npm in which the compiler and the types of Node lie.</summary>
    public const string Variable = "AUDIT_TEST_TYPESCRIPT";

    private const string DriverName = "tests/Audit.Client.Contract/contract", ExampleName = "clients/typescript/example";

    /// <summary>Held until the program ends, with what was compiled.</summary>
    private static readonly TemporaryDirectory Output = new();

    /// <summary>What is not strictly typed is not compiled, and fails whoever asks.</summary>
    private static readonly Lazy<string> Compiled = new(Compile);

    public static string Driver => Path.Combine(Compiled.Value, DriverName + ".js");

    public static string Example => Path.Combine(Compiled.Value, ExampleName + ".js");

    private static string Compile()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Output.Dispose();
        var modules = Environment.GetEnvironmentVariable(Variable)
            ?? throw new InvalidOperationException($"{Variable} does not say where the compiler is.");
        using var compiler = Process.Start(new ProcessStartInfo("node",
        [
            Path.Combine(modules, "typescript/lib/tsc.js"), "--strict", "--skipLibCheck", "--noUncheckedIndexedAccess",
            "--exactOptionalPropertyTypes", "--noUnusedLocals", "--noUnusedParameters", "--target", "es2022",
            "--module", "esnext", "--moduleResolution", "bundler", "--types", "node", "--typeRoots",
            Path.Combine(modules, "@types"), "--rootDir", BuiltProgram.Root, "--outDir", Output.Path,
            Path.Combine(BuiltProgram.Root, DriverName + ".ts"), Path.Combine(BuiltProgram.Root, ExampleName + ".ts"),
        ])
        {
            RedirectStandardOutput = true,
        })!;
        var troubles = compiler.StandardOutput.ReadToEnd();
        compiler.WaitForExit();
        File.WriteAllText(Output.File("package.json"), """{"type":"module"}""");
        return compiler.ExitCode == 0 ? Output.Path : throw new InvalidOperationException(troubles);
    }
}
