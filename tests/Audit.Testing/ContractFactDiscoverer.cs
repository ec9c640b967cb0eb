using Xunit.Abstractions;
using Xunit.Sdk;

namespace Audit.Testing;

/// <summary>Finds <see cref="ContractFactAttribute"/>s.</summary>
public sealed class ContractFactDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions options, ITestMethod method, IAttributeInfo fact) =>
    [
        new ContractTestCase(messages, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method),
    ];
}
