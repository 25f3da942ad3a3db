// Package com begins and ends a talk with objects of Windows (COM), for several
// sources.
//
// It owns the thread that COM wants and what its errors are made of. It must not
// know which objects are asked, nor what their errors mean.
package com
