using Xunit;
using Xunit.Sdk;

namespace Audit.Testing;

/// <summary>
/// A fact of a contract that several stores keep. It is written once, in an abstract class; in a subclass marked with
/// <see cref="NeedsPostgresAttribute"/> it is skipped, with the reason, where there is no PostgreSQL.
/// </summary>
[XunitTestCaseDiscoverer("Audit.Testing.ContractFactDiscoverer", "Audit.Testing")]
public sealed class ContractFactAttribute : FactAttribute;
