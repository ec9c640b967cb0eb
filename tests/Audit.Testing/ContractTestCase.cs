using System.ComponentModel;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Audit.Testing;

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
        ?? (NeedsPostgres ? PostgresServer.Unavailable : null);

    private bool NeedsPostgres =>
        TestMethod.TestClass.Class.GetCustomAttributes(typeof(NeedsPostgresAttribute)).Any();
}
