using Audit.Projections.Models;
using Audit.Projections.Queries;

namespace Audit.Projections.TimeTravel;

/// <summary>A window as it was, with what had been done in it, in order.</summary>
public sealed record PastWindow(WindowModel Window, IReadOnlyList<WindowDeed> Done);
