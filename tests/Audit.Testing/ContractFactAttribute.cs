using System.ComponentModel;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Audit.Testing;

/// <summary>
/// A fact of a contract that several stores keep. It is written once, in an abstract class; in a subclass marked with
/// <see cref="NeedsPostgresAttribute"/> it is skipped, with the reason, where there is no PostgreSQL.
/// </summary>
[XunitTestCaseDiscoverer("Audit.Testing.ContractFactDiscoverer", "Audit.Testing")]
public sealed class ContractFactAttribute : FactAttribute;

/// <summary>Finds <see cref="ContractFactAttribute"/>s.</summary>
public sealed class ContractFactDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions options, ITestMethod method, IAttributeInfo fact) =>
    [
        new ContractTestCase(
            messages, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method),
    ];
}

/// <summary>One fact of a contract on one store.</summary>
public sealed class ContractTestCase : XunitTestCase
{
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("Called by the runner only.")]
    public ContractTestCase() { }

    public ContractTestCase(
        IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method) { }

    protected override string? GetSkipReason(IAttributeInfo factAttribute) =>
        base.GetSkipReason(factAttribute)
        ?? (Needs(typeof(NeedsPostgresAttribute)).Any() ? PostgresServer.Unavailable : null)
        ?? Needs(typeof(NeedsProgramAttribute))
            .Select(program => program.GetConstructorArguments().Single() as string)
            .Where(name => !IsOnPath(name!))
            .Select(name => $"There is no {name} on the PATH.").FirstOrDefault()
        ?? Needs(typeof(NeedsVariableAttribute))
            .Select(variable => variable.GetConstructorArguments().Single() as string)
            .Where(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name!)))
            .Select(name => $"{name} names nothing; .ci/run sets it where the feed answers.").FirstOrDefault();

    private static bool IsOnPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, name)));

    private IEnumerable<IAttributeInfo> Needs(Type attribute) =>
        TestMethod.TestClass.Class.GetCustomAttributes(attribute);
}

/// <summary>Says that a class of contract tests starts a program that may not be there.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsProgramAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Says that a class of contract tests needs what a variable of the environment names.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsVariableAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}
